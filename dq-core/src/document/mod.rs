//! A YAML document as a tree whose nodes know their place.
//!
//! Scalars keep their text as it is written (`01` stays `01`): who reads a scalar decides what it
//! is. JSON is YAML, so one reader serves both.

mod placeholder;
mod problem;
mod surrogates;

use std::collections::HashMap;
use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle};

pub(crate) use placeholder::replace;
pub(crate) use problem::{Place, Problems, nearest};

/// Aliases may repeat nodes; more than this many nodes in all is an attack, not a document.
const NODES_MAX: usize = 1_000_000;

/// The key whose value is put into the mapping that it stands in, as YAML 1.1 has it.
const MERGE_KEY: &str = "<<";

/// Rule sets are some ten levels deep; whoever walks the tree may rely on the stack.
const DEPTH_MAX: usize = 64;

/// The text of a file. Gives the place of the first byte that is not UTF-8 otherwise.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, Problems> {
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |it| it.chars().count()) + 1;
        let mut problems = Problems::default();
        problems.add(Place { line, column }, "this is not UTF-8");
        problems
    })
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Its text, and whether it stands without quotes.
    Scalar(String, bool),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Reads a document. Gives nothing where the problems tell why, and where there is none in the text.
    pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Self> {
        let mut builder = Builder::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for event in Parser::new_from_str(&surrogates::join(text)) {
            let taken = match event {
                Ok((event, span)) => builder.take(event, place_of(span.start)),
                Err(error) => {
                    Err((place_of(*error.marker()), format!("this is not YAML: {}", error.info())))
                }
            };
            if let Err((place, message)) = taken {
                problems.add(place, message);
                return None;
            }
        }
        for (place, message) in builder.problems {
            problems.add(place, message);
        }
        builder.root
    }

    /// Whether this is NULL: nothing, `~` or `null` without quotes.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// Whether this is a list of nothing.
    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.content, Content::Sequence(items) if items.is_empty())
    }

    /// The text of a scalar.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// How messages call what this is.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            _ if self.is_null() => "nothing",
            Content::Scalar(..) => "a single value",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }

    /// Calls `change` with the text of every scalar below this node, keys included.
    pub(crate) fn for_each_scalar(&mut self, change: &mut dyn FnMut(Place, &mut String)) {
        match &mut self.content {
            Content::Scalar(text, _) => change(self.place, text),
            Content::Sequence(items) => {
                for item in items {
                    item.for_each_scalar(change);
                }
            }
            Content::Mapping(entries) => {
                for (key, value) in entries {
                    key.for_each_scalar(change);
                    value.for_each_scalar(change);
                }
            }
        }
    }
}

fn place_of(marker: saphyr_parser::Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

/// Builds the tree from the parser's events. `open` holds the nodes whose end has not come yet; in a
/// mapping the children alternate between keys and values.
#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    problems: Vec<(Place, String)>,
}

struct Open {
    place: Place,
    anchor: usize,
    is_mapping: bool,
    children: Vec<Node>,
}

/// What is so wrong with a document that the rest of it is not looked at.
type Fatal = (Place, String);

fn too_deep(place: Place) -> Fatal {
    (place, format!("more than {DEPTH_MAX} levels, one inside another"))
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Fatal> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let content = Content::Scalar(text.into_owned(), style == ScalarStyle::Plain);
                self.add(anchor, Node { place, content }, 1)
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Open { place, anchor, is_mapping: false, children: Vec::new() })
            }
            Event::MappingStart(anchor, _) => {
                self.open(Open { place, anchor, is_mapping: true, children: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    if self.open.len() + node.depth() > DEPTH_MAX {
                        return Err(too_deep(place));
                    }
                    let copy = Node { place, content: node.content.clone() };
                    let nodes = copy.size();
                    self.add(0, copy, nodes)
                }
                None => Err((place, "this alias stands inside of what it names".to_owned())),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open) -> Result<(), Fatal> {
        if self.open.len() == DEPTH_MAX {
            return Err(too_deep(open.place));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let content = if open.is_mapping {
            Content::Mapping(self.pair_up(open.children))
        } else {
            Content::Sequence(open.children)
        };
        self.add(open.anchor, Node { place: open.place, content }, 1)
    }

    fn pair_up(&mut self, children: Vec<Node>) -> Vec<(Node, Node)> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut names = HashSet::new();
        let mut children = children.into_iter();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            if let Some(name) = key.as_text()
                && !names.insert(name.to_owned())
            {
                self.problems.push((key.place, format!("`{name}` stands here twice")));
            }
            if matches!(&key.content, Content::Scalar(text, true) if text == MERGE_KEY) {
                merged.extend(self.merged(value));
            } else {
                entries.push((key, value));
            }
        }
        // What stands in the mapping itself wins, and then what is merged first.
        let missing = |(key, _): &(Node, Node)| {
            key.as_text().is_none_or(|name| names.insert(name.to_owned()))
        };
        entries.extend(merged.into_iter().filter(missing));
        entries
    }

    /// The entries that a merge key puts into its mapping: those of a mapping, or of several.
    fn merged(&mut self, value: Node) -> Vec<(Node, Node)> {
        match value.content {
            Content::Mapping(entries) => entries,
            Content::Sequence(items) => items.into_iter().flat_map(|it| self.merged(it)).collect(),
            Content::Scalar(..) => {
                let message = format!("`{MERGE_KEY}` takes a mapping, or a list of them");
                self.problems.push((value.place, message));
                Vec::new()
            }
        }
    }

    /// Adds a node that makes the document greater by so many `nodes`.
    fn add(&mut self, anchor: usize, node: Node, nodes: usize) -> Result<(), Fatal> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err((node.place, format!("more than {NODES_MAX} values")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None if self.root.is_none() => self.root = Some(node),
            None => {
                let message = "a second document: write one per file".to_owned();
                self.problems.push((node.place, message));
            }
        }
        Ok(())
    }
}

impl Node {
    /// How many levels of lists and mappings this has. No more than [`DEPTH_MAX`].
    fn depth(&self) -> usize {
        match &self.content {
            Content::Scalar(..) => 0,
            Content::Sequence(items) => items.iter().map(Self::depth).max().unwrap_or(0) + 1,
            Content::Mapping(entries) => {
                let levels = entries.iter().map(|(key, value)| key.depth().max(value.depth()));
                levels.max().unwrap_or(0) + 1
            }
        }
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Scalar(..) => 1,
            Content::Sequence(items) => items.iter().map(Self::size).sum::<usize>() + 1,
            Content::Mapping(entries) => {
                entries.iter().map(|(key, value)| key.size() + value.size()).sum::<usize>() + 1
            }
        }
    }
}
