use std::fmt;

/// Where a setting stands, from the outermost table to itself.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    name: &'a str,
}

impl<'a> Path<'a> {
    /// A name below another path; below none, it is the whole path.
    pub(super) fn below(above: Option<&'a Path<'a>>, name: &'a str) -> Self {
        Self { above, name }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        f.write_str(self.name)
    }
}
