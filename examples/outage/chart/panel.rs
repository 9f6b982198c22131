use std::fmt::{self, Write};

use super::super::sim::{Dip, Report, Second};
use super::Curve;

/// One quantity over time.
pub(super) struct Panel {
    title: &'static str,
    pub(super) top: f64,
    value: fn(&Second) -> u32,
    /// What lies between two lines of the grid.
    step: u32,
    ceiling: u32,
}

impl Panel {
    /// A panel that reaches as far up as it has to, in round numbers.
    pub(super) fn new(title: &'static str, top: f64, value: fn(&Second) -> u32, most: u32) -> Self {
        let step = [250, 500, 1000, 2000]
            .into_iter()
            .find(|step| most / step < 5)
            .unwrap_or(5000);
        Self {
            title,
            top,
            value,
            step,
            ceiling: (most + 1).max(1100).next_multiple_of(step),
        }
    }

    /// The axes with their units, the dip and the capacity.
    pub(super) fn frame(&self, f: &mut fmt::Formatter<'_>, dip: &Dip) -> fmt::Result {
        let bottom = self.top + HEIGHT;
        let (from, to) = (x(Dip::BEGINS.as_secs_f64()), x(dip.ends().as_secs_f64()));
        writeln!(
            f,
            r#"<text x="{LEFT}" y="{}" class="name">{}</text>"#,
            self.top - 12.0,
            self.title
        )?;
        writeln!(
            f,
            r##"<rect x="{from:.1}" y="{}" width="{:.1}" height="{HEIGHT}" fill="#fde8c8"/>"##,
            self.top,
            to - from
        )?;
        for tick in (0..=self.ceiling / self.step).map(|line| line * self.step) {
            let y = self.y(tick);
            line(f, (LEFT, y), (LEFT + WIDTH, y), GRID)?;
            writeln!(
                f,
                r#"<text x="{}" y="{:.1}" text-anchor="end">{tick}</text>"#,
                LEFT - 8.0,
                y + 4.0
            )?;
        }
        for tick in (0..=SPAN).step_by(20) {
            writeln!(
                f,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{tick}</text>"#,
                x(f64::from(tick)),
                bottom + 18.0
            )?;
        }
        let y = bottom - HEIGHT * Dip::CAPACITY / f64::from(self.ceiling);
        line(f, (LEFT, y), (LEFT + WIDTH, y), LIMIT)?;
        writeln!(
            f,
            r#"<text x="{}" y="{:.1}" text-anchor="end" class="note">capacity</text>"#,
            LEFT + WIDTH - 4.0,
            y - 5.0
        )?;
        writeln!(
            f,
            r#"<text x="{:.1}" y="{:.1}" class="note">dip</text>"#,
            from + 3.0,
            self.top + 13.0
        )
    }

    pub(super) fn curve(&self, f: &mut fmt::Formatter<'_>, curve: &Curve) -> fmt::Result {
        let Style { color, width, dashes } = curve.style;
        let mut points = String::new();
        for (second, counts) in (0..SPAN).zip(curve.report.seconds()) {
            let y = self.y((self.value)(counts));
            write!(points, "{:.1},{y:.1} ", x(f64::from(second) + 0.5))?;
        }
        writeln!(
            f,
            r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>"#,
            points.trim_end()
        )
    }

    /// The value at the right end: the mean of the last ten seconds.
    pub(super) fn last(&self, report: &Report) -> u32 {
        let seconds = report.seconds().iter().take(SPAN as usize).rev().take(10);
        seconds.map(self.value).sum::<u32>() / 10
    }

    pub(super) fn y(&self, value: u32) -> f64 {
        self.top + HEIGHT - HEIGHT * f64::from(value) / f64::from(self.ceiling.max(1))
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) color: &'static str,
    pub(super) width: f64,
    pub(super) dashes: &'static str,
}

/// Draws a straight line.
pub(super) fn line(f: &mut fmt::Formatter<'_>, from: (f64, f64), to: (f64, f64), style: Style) -> fmt::Result {
    let Style { color, width, dashes } = style;
    writeln!(
        f,
        r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{color}" stroke-width="{width}" stroke-dasharray="{dashes}"/>"#,
        from.0, from.1, to.0, to.1
    )
}

fn x(second: f64) -> f64 {
    LEFT + WIDTH * second / f64::from(SPAN)
}

pub(super) const LEFT: f64 = 64.0;
pub(super) const WIDTH: f64 = 700.0;
pub(super) const HEIGHT: f64 = 180.0;
/// As long as operations begin.
const SPAN: u32 = 180;

const GRID: Style = Style {
    color: "#e6eaef",
    width: 1.0,
    dashes: "none",
};
const LIMIT: Style = Style {
    color: "#9a6700",
    width: 1.2,
    dashes: "5 4",
};
