/// A list that mostly holds one: the first lives inline, and an operation that succeeds at once allocates nothing.
#[derive(Clone, Debug, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One([T; 1]),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::None => None,
            Self::One(one) => one.last_mut(),
            Self::Many(many) => many.last_mut(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if let Self::None = self {
            *self = Self::One([item]);
            return;
        }
        self.push_another(item);
    }

    #[cold]
    fn push_another(&mut self, item: T) {
        *self = match std::mem::take(self) {
            Self::None => Self::One([item]),
            Self::One([first]) => Self::Many(vec![first, item]),
            Self::Many(mut many) => {
                // Not as many again: the list is held through waits, and a place in it is large.
                many.reserve_exact(1);
                many.push(item);
                Self::Many(many)
            }
        };
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Few<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_order_and_no_room_to_spare() {
        let mut few = Few::default();
        for item in 1..=5_u8 {
            few.push(item);
        }
        assert_eq!(few.as_slice(), [1, 2, 3, 4, 5]);
        assert!(matches!(&few, Few::Many(many) if many.capacity() == 5));
    }
}
