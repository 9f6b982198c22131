mod panel;

use std::fmt::{self, Display};

use self::panel::{HEIGHT, LEFT, Panel, Style, WIDTH, line};
use super::sim::{Dip, Report, Second, Strategy};

/// Load and goodput over time as an SVG picture, one line per strategy.
///
/// It brings its own white ground, so that it reads the same on a dark page.
#[derive(Debug)]
pub(crate) struct Chart {
    dip: Dip,
    curves: Vec<Curve>,
}

/// What one strategy made of the dip.
#[derive(Debug)]
struct Curve {
    strategy: &'static str,
    style: Style,
    report: Report,
}

impl Chart {
    /// Simulates no retries, naive retries and the crate's defaults.
    pub(crate) fn of(dip: Dip, seed: u64) -> Self {
        let strategies = [
            (Strategy::naive(), NAIVE),
            (Strategy::none(), NONE),
            (Strategy::steadfast(), STEADFAST),
        ];
        let curves = strategies
            .map(|(strategy, style)| Curve {
                strategy: strategy.name,
                style,
                report: dip.against(&strategy, seed),
            })
            .into();
        Self { dip, curves }
    }

    fn most(&self, value: fn(&Second) -> u32) -> u32 {
        let seconds = self.curves.iter().flat_map(|curve| curve.report.seconds());
        seconds.map(value).max().unwrap_or(0)
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            r#"<text x="{LEFT}" y="32" class="title">A server at {:.0} % load is five times slower for {} s</text>"#,
            self.dip.load * 100.0,
            self.dip.lasts.as_secs(),
        )?;
        for (row, curve) in self.curves.iter().enumerate() {
            let y = 56.0 + 20.0 * number(row);
            let served = match self.dip.recovery(&curve.report) {
                Some(0) => "served throughout".to_owned(),
                Some(seconds) => format!("served again {seconds} s after the dip"),
                None => "not served again".to_owned(),
            };
            line(f, (LEFT, y - 4.0), (LEFT + 28.0, y - 4.0), curve.style)?;
            writeln!(
                f,
                r#"<text x="{}" y="{y}"><tspan class="name">{}</tspan>: {served}, {:.2} requests per operation</text>"#,
                LEFT + 38.0,
                curve.strategy,
                curve.report.load(),
            )?;
        }
        Ok(())
    }

    fn panel(&self, f: &mut fmt::Formatter<'_>, panel: &Panel) -> fmt::Result {
        panel.frame(f, &self.dip)?;
        for curve in &self.curves {
            panel.curve(f, curve)?;
        }
        self.labels(f, panel)
    }

    /// Names the lines at their right ends, apart from each other.
    fn labels(&self, f: &mut fmt::Formatter<'_>, panel: &Panel) -> fmt::Result {
        let mut ends: Vec<_> = self
            .curves
            .iter()
            .map(|curve| (panel.y(panel.last(&curve.report)), curve))
            .collect();
        ends.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut free = panel.top + HEIGHT + 4.0;
        for (y, curve) in ends {
            let y = (y + 4.0).min(free);
            free = y - 15.0;
            let name = curve.strategy.split(':').next().unwrap_or_default();
            writeln!(
                f,
                r#"<text x="{}" y="{y:.1}" class="name" fill="{}">{name}</text>"#,
                LEFT + WIDTH + 8.0,
                curve.style.color
            )?;
        }
        Ok(())
    }
}

impl Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        self.heading(f)?;
        let load: fn(&Second) -> u32 = |second| second.calls;
        let goodput: fn(&Second) -> u32 = |second| second.succeeded;
        let load = Panel::new("Load: requests per second", 150.0, load, self.most(load));
        self.panel(f, &load)?;
        let goodput = Panel::new(
            "Goodput: operations that succeed per second",
            390.0,
            goodput,
            self.most(goodput),
        );
        self.panel(f, &goodput)?;
        writeln!(
            f,
            r#"<text x="{}" y="{}" text-anchor="middle">seconds</text>"#,
            LEFT + WIDTH / 2.0,
            goodput.top + HEIGHT + 40.0
        )?;
        f.write_str("</svg>\n")
    }
}

fn number(row: usize) -> f64 {
    f64::from(u32::try_from(row).unwrap_or(u32::MAX))
}

const HEAD: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 624" width="860" height="624" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" fill="#3b434b">
<title>Load and goodput over time: no retries, naive retries and steadfast</title>
<style>.title{font-size:18px;font-weight:600;fill:#1f2328}.name{font-weight:600}.note{font-size:11px;fill:#7a5a1e}</style>
<rect x="0.5" y="0.5" width="859" height="623" rx="8" fill="#ffffff" stroke="#d0d7de"/>
"##;

const NAIVE: Style = Style {
    color: "#cf222e",
    width: 1.8,
    dashes: "none",
};
/// Broad and light, since it mostly lies under the line of the defaults.
const NONE: Style = Style {
    color: "#8c959f",
    width: 3.5,
    dashes: "none",
};
const STEADFAST: Style = Style {
    color: "#0969da",
    width: 1.8,
    dashes: "none",
};
