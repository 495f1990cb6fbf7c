//! Flags whose value is one of a few words.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Reads one of these by its word, which help and completion list.
pub(super) fn word<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    value: impl Fn(T) -> PossibleValue,
) -> impl TypedValueParser<Value = T> {
    let words = all.map(value);
    let known: Vec<_> = words.iter().map(|word| word.get_name().to_owned()).zip(all).collect();
    let find = move |text: String| known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    PossibleValuesParser::new(words).try_map(move |text| find(text).ok_or("no such word"))
}
