use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header fields of a request, in order.
///
/// A list and not a map: requests have few of them, a map is made for each attempt anyway, and cloning a map costs more
/// than making one.
#[derive(Clone, Default)]
pub(crate) struct Fields(Vec<(HeaderName, HeaderValue)>);

impl Fields {
    /// Adds a field beside those of the same name.
    #[inline]
    pub(crate) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// Sets a field in place of those of the same name.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.remove(&name);
        self.append(name, value);
    }

    /// Sets fields in place of those of the same names.
    pub(crate) fn set_all(&mut self, headers: HeaderMap) {
        for name in headers.keys() {
            self.remove(name);
        }
        let mut last = None;
        for (name, value) in headers {
            // A map names only the first of several fields with one name.
            last = name.or(last);
            if let Some(name) = &last {
                self.append(name.clone(), value);
            }
        }
    }

    pub(crate) fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    pub(crate) fn get_all(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// Takes the first field of this name out.
    pub(crate) fn take(&mut self, name: &HeaderName) -> Option<HeaderValue> {
        let place = self.0.iter().position(|(own, _)| own == name)?;
        Some(self.0.remove(place).1)
    }

    /// Gives back the room for more: a list has room for four fields at least, of 72 bytes each.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn remove(&mut self, name: &HeaderName) {
        self.0.retain(|(own, _)| own != name);
    }

    /// The fields as a map, with room for so many more.
    pub(crate) fn to_map(&self, more: usize) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.0.len() + more);
        for (name, value) in &self.0 {
            append(&mut map, name, value.clone());
        }
        map
    }
}

/// Adds a field to a map.
///
/// Out of line: adding to a map is much code, and so all fields of a request run through the same.
#[inline(never)]
pub(super) fn append(map: &mut HeaderMap, name: &HeaderName, value: HeaderValue) {
    // By reference: a name that is moved as soon as it is copied costs more than to copy it where it stays.
    map.append(name, value);
}

/// Names alone: values may be credentials.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, COOKIE, HOST};

    use super::*;

    const A: HeaderValue = HeaderValue::from_static("a");
    const B: HeaderValue = HeaderValue::from_static("b");

    #[test]
    fn a_map_replaces_fields_of_the_same_names_and_keeps_all_of_its_own() {
        let mut fields = Fields::default();
        fields.append(COOKIE, A);
        fields.append(ACCEPT, A);
        fields.append(COOKIE, B);
        let mut map = HeaderMap::new();
        map.append(ACCEPT, B);
        map.append(ACCEPT, A);
        map.append(HOST, A);
        fields.set_all(map);

        let whole = fields.to_map(1);
        assert_eq!(whole.get_all(COOKIE).iter().collect::<Vec<_>>(), [A, B]);
        assert_eq!(whole.get_all(ACCEPT).iter().collect::<Vec<_>>(), [B, A]);
        assert_eq!((whole.len(), fields.get(&HOST)), (5, Some(&A)));
    }

    #[test]
    fn one_field_replaces_all_of_its_name() {
        let mut fields = Fields::default();
        fields.append(COOKIE, A);
        fields.append(COOKIE, B);
        fields.set(COOKIE, B);
        assert_eq!(fields.get_all(&COOKIE).collect::<Vec<_>>(), [B]);
        assert_eq!(fields.take(&COOKIE), Some(B));
        assert!(!fields.contains(&COOKIE));
    }

    #[test]
    fn debug_shows_no_value() {
        let mut fields = Fields::default();
        fields.append(COOKIE, HeaderValue::from_static("secret"));
        assert_eq!(format!("{fields:?}"), r#"["cookie"]"#);
    }
}
