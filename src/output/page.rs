//! Text for a person, styled; the styles are dropped where there is no terminal, or `NO_COLOR` is set.

use std::fmt::{Display, Write as _};

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
        // writing to a String cannot fail
        let _ = writeln!(self.text, "{style}{text}{style:#}");
        self
    }

    /// Adds a line that begins with a styled word.
    pub(crate) fn tagged(&mut self, style: Style, tag: &str, text: impl Display) -> &mut Self {
        let _ = writeln!(self.text, "{style}{tag}{style:#} {text}");
        self
    }

    /// Adds a line, `name` in a column of its own.
    pub(crate) fn field(&mut self, indent: usize, name: &str, value: impl Display) -> &mut Self {
        let _ = writeln!(self.text, "{:indent$}{FAINT}{name:<13}{FAINT:#} {value}", "", FAINT = style::FAINT);
        self
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

    /// Adds an empty line, but never at the top.
    pub(crate) fn gap(&mut self) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }
}
