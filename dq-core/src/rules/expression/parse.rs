//! From text to syntax: `sqlparser` reads SQL, [`Translator`] keeps what the language has.

use std::panic::resume_unwind;
use std::thread;

use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::rules::expression::ExpressionError;
use crate::rules::expression::syntax::Node;
use crate::rules::expression::translate::Translator;

/// How many words, operators and parentheses an expression may have; literals and commas do not
/// count. It bounds how deep the tree can get, and with it the stack.
const WORDS_MAX: usize = 4000;

/// The parser takes some 20 KiB of stack for each level, unoptimised five times as much, and goes 50 levels deep. What
/// may have more levels than this is read on a thread with room for all of them: a caller's may have little.
const NESTED_MAX: usize = 8;

const STACK_BYTES: usize = 16 << 20;

/// Standard SQL, with backticks beside double quotes around identifiers.
#[derive(Debug)]
struct Portable;

impl Dialect for Portable {
    fn is_delimited_identifier_start(&self, character: char) -> bool {
        matches!(character, '"' | '`')
    }

    fn is_identifier_start(&self, character: char) -> bool {
        character.is_alphabetic() || character == '_'
    }

    fn is_identifier_part(&self, character: char) -> bool {
        character.is_alphanumeric() || matches!(character, '_' | '$')
    }
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Node, ExpressionError> {
    let places = Places::new(text);
    let tokens = tokens(text, &places)?;
    if tokens.iter().filter(|it| may_nest(&it.token)).count() <= NESTED_MAX {
        return read(text, tokens, &places);
    }
    let reader = thread::Builder::new().stack_size(STACK_BYTES);
    thread::scope(|scope| {
        let reader = reader.spawn_scoped(scope, || read(text, tokens, &places));
        let reader = reader.map_err(|error| ExpressionError {
            message: format!("no thread can be had to read it: {error}"),
            offset: 0,
        })?;
        reader.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn tokens(text: &str, places: &Places) -> Result<Vec<TokenWithSpan>, ExpressionError> {
    let tokens = Tokenizer::new(&Portable, text).tokenize_with_location().map_err(|it| {
        let message = it.message.trim_end_matches(|c: char| c.is_ascii_punctuation() || c == ' ');
        ExpressionError { message: decapitalised(message), offset: places.offset(it.location) }
    })?;
    if tokens.iter().all(|it| matches!(it.token, Token::Whitespace(_))) {
        let message = "the expression is empty".to_owned();
        return Err(ExpressionError { message, offset: 0 });
    }
    let words = tokens.iter().filter(|it| {
        !matches!(
            it.token,
            Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::Whitespace(_)
        )
    });
    if words.count() > WORDS_MAX {
        let message = format!("the expression has more than {WORDS_MAX} words and operators");
        return Err(ExpressionError { message, offset: 0 });
    }
    Ok(tokens)
}

/// Whether what follows may lie a level deeper.
fn may_nest(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            matches!(word.keyword, Keyword::CASE | Keyword::NOT | Keyword::INTERVAL)
        }
        other => matches!(
            other,
            Token::LParen | Token::LBracket | Token::Lt | Token::Minus | Token::Plus | Token::Tilde
        ),
    }
}

fn read(text: &str, tokens: Vec<TokenWithSpan>, places: &Places) -> Result<Node, ExpressionError> {
    let mut parser = Parser::new(&Portable).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(|it| syntax_error(text, places, it))?;
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Translator::new(places).node(&expression);
    }
    let message = format!("expected the end or an operator, found `{}`", next.token);
    Err(ExpressionError { message, offset: places.offset(next.span.start) })
}

/// Where the lines and characters of a text start, since the parser counts in those.
pub(super) struct Places {
    /// The first character of each line.
    lines: Vec<usize>,
    /// The first byte of each character.
    characters: Vec<usize>,
    end: usize,
}

impl Places {
    pub(super) fn new(text: &str) -> Self {
        let breaks = text.chars().enumerate().filter(|(_, it)| *it == '\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { lines, characters: text.char_indices().map(|(at, _)| at).collect(), end: text.len() }
    }

    /// The byte at `location`; 0 if the parser knows no place.
    pub(super) fn offset(&self, location: Location) -> usize {
        let line = location.line.checked_sub(1).and_then(|it| self.lines.get(it as usize));
        let Some(line) = line else { return 0 };
        let character = line + location.column.saturating_sub(1) as usize;
        self.characters.get(character).copied().unwrap_or(self.end)
    }
}

fn syntax_error(text: &str, places: &Places, error: ParserError) -> ExpressionError {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return ExpressionError {
                message: "the expression is nested too deeply".to_owned(),
                offset: 0,
            };
        }
        ParserError::ParserError(it) | ParserError::TokenizerError(it) => it,
    };
    let (message, place) = message.rsplit_once(" at Line: ").unwrap_or((&message, ""));
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.parse().ok()?, column: column.trim().parse().ok()? })
    });
    let message = match message.split_once(", found: ") {
        _ if message.starts_with("No infix parser for token ") => {
            let at = location.map_or(0, |it| places.offset(it));
            let operator = operator_at(text.get(at..).unwrap_or_default());
            format!("the operator `{operator}` is not part of the expression language")
        }
        Some((expected, "EOF")) => {
            format!("{}, found the end", expected.replacen("Expected: ", "expected ", 1))
        }
        Some((expected, found)) => {
            format!("{}, found `{found}`", expected.replacen("Expected: ", "expected ", 1))
        }
        None => decapitalised(message),
    };
    let at_end = message.ends_with("found the end");
    let offset = match location {
        _ if at_end => text.trim_end().len(),
        Some(location) => places.offset(location),
        None => 0,
    };
    ExpressionError { message, offset }
}

/// The word or the sign that `text` starts with.
fn operator_at(text: &str) -> &str {
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    let word = text.starts_with(is_word);
    let end = text.find(|it: char| it.is_whitespace() || is_word(it) != word);
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

fn decapitalised(message: &str) -> String {
    let mut characters = message.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
