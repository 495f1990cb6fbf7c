//! Text for a person, styled; the styles are dropped where there is no terminal, or `NO_COLOR` is set.

use std::fmt::{self, Display, Write};

use anstyle::Style;

/// The few styles there are. Nothing is told by colour alone.
pub(crate) mod style {
    use anstyle::{AnsiColor, Style};

    pub(crate) const PLAIN: Style = Style::new();
    pub(crate) const STRONG: Style = Style::new().bold();
    pub(crate) const FAINT: Style = Style::new().dimmed();
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
    pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
    pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
}

/// Lines that are put together before anything is printed.
#[derive(Default, Debug)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// The bytes, with their styles as ANSI escapes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: impl Display) -> &mut Self {
        self.styled(style::PLAIN, text)
    }

    /// Adds a line in a style.
    pub(crate) fn styled(&mut self, style: Style, text: impl Display) -> &mut Self {
        self.style(style).told(text).style_end(style).end()
    }

    /// Adds a line that begins with a styled word.
    pub(crate) fn tagged(&mut self, style: Style, tag: &str, text: impl Display) -> &mut Self {
        self.style(style).told(tag).style_end(style).told(" ").told(text).end()
    }

    /// Adds a line, `name` in a column of its own.
    pub(crate) fn field(&mut self, indent: usize, name: &str, value: impl Display) -> &mut Self {
        let (blank, name) = (format_args!("{:indent$}", ""), format_args!("{name:<13}"));
        self.told(blank).style(style::FAINT).told(name).style_end(style::FAINT).told(" ").told(value).end()
    }

    /// Adds a block as it is.
    pub(crate) fn block(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds another page.
    pub(crate) fn append(&mut self, other: &Self) -> &mut Self {
        self.block(&other.text)
    }

    fn style(&mut self, style: Style) -> &mut Self {
        // writing to a String cannot fail, here and below
        let _ = write!(self.text, "{style}");
        self
    }

    fn style_end(&mut self, style: Style) -> &mut Self {
        let _ = write!(self.text, "{style:#}");
        self
    }

    fn told(&mut self, text: impl Display) -> &mut Self {
        let _ = write!(Plain(&mut self.text), "{text}");
        self
    }

    fn end(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Adds an empty line, but never at the top.
    pub(crate) fn gap(&mut self) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }
}

/// Text that others may have written: it neither steers the terminal, nor looks like a line of our own.
struct Plain<'a>(&'a mut String);

impl Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.contains(steers) {
            self.0.push_str(text);
            return Ok(());
        }
        for character in text.chars() {
            match character {
                '\n' => self.0.push_str("\n  "),
                '\t' => self.0.push('\t'),
                _ if steers(character) => self.0.push(char::REPLACEMENT_CHARACTER),
                _ => self.0.push(character),
            }
        }
        Ok(())
    }
}

/// Control characters, and those that turn the direction of the text around.
pub(crate) fn steers(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_neither_steers_a_terminal_nor_looks_like_a_line_of_ours() {
        let mut page = Page::default();
        page.line("a\u{1b}[31mb\u{202e}c\u{9b}\td").field(2, "why", "one\nhint: two\r");
        let field = format!("  {FAINT}why          {FAINT:#} one\n  hint: two\u{fffd}\n", FAINT = style::FAINT);
        assert_eq!(page.text, format!("a\u{fffd}[31mb\u{fffd}c\u{fffd}\td\n{field}"));
    }

    #[test]
    fn what_is_meant_for_a_file_stays_as_it_is() {
        let mut page = Page::default();
        page.block("one\ntwo\r\n");
        assert_eq!(page.text, "one\ntwo\r\n");
    }
}
