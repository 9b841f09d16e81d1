//! Whether the result of an expression grows with a fact by the expression's own doing.

use super::Expr;
use super::ast::{Binary, Node, NodeId};

impl Expr {
    /// Whether the value of a fact is multiplied, or added to something, on its way to the result.
    /// Conditions do not count: what is compared does not become the result.
    pub fn multiplies_or_adds_to(&self, fact: &str) -> bool {
        let nodes = &self.tree.nodes;
        // Children stand before their parents, so one pass is enough.
        let mut carries = vec![false; nodes.len()];
        let mut found = vec![false; nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            let of = |marks: &[bool], id: NodeId| marks.get(usize::from(id.0)) == Some(&true);
            let any = |marks: &[bool], ids: &[NodeId]| ids.iter().any(|id| of(marks, *id));
            let (value, grown) = match node {
                Node::Fact(read) => {
                    let used = self.uses.get(usize::from(read.fact));
                    (used.is_some_and(|used| used.fact == fact), false)
                }
                Node::Unary(_, one) => (of(&carries, *one), of(&found, *one)),
                Node::Binary(operator, left, right) => {
                    let both = [*left, *right];
                    let value = any(&carries, &both);
                    let grows = matches!(operator, Binary::Add | Binary::Multiply);
                    let arithmetic = matches!(
                        operator,
                        Binary::Add
                            | Binary::Subtract
                            | Binary::Multiply
                            | Binary::Divide
                            | Binary::Remainder
                    );
                    if arithmetic {
                        (value, any(&found, &both) || (grows && value))
                    } else {
                        (false, false)
                    }
                }
                Node::Min(all) | Node::Max(all) | Node::List(all) => {
                    (any(&carries, all), any(&found, all))
                }
                Node::Choose(_, then, other) => {
                    let both = [*then, *other];
                    (any(&carries, &both), any(&found, &both))
                }
                _ => (false, false),
            };
            if let (Some(carry), Some(grow)) = (carries.get_mut(at), found.get_mut(at)) {
                (*carry, *grow) = (value, grown);
            }
        }
        found.get(usize::from(self.tree.root.0)) == Some(&true)
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::Names;
    use crate::rule::expr::{Expected, compile};

    fn grows(text: &str) -> bool {
        let expr = compile(text, &Names::default(), Expected::Any).unwrap();
        expr.multiplies_or_adds_to("sysctl.net.core.somaxconn")
    }

    #[test]
    fn a_value_that_is_doubled_or_added_to_grows_and_one_that_is_compared_or_kept_does_not() {
        let own = "sysctl.net.core.somaxconn";
        for text in [
            "2 * X",
            "min(X * 2, 65535)",
            "max(4096, X + 1)",
            "true ? X * 2 : 1",
            "-(X + 1)",
        ] {
            assert!(grows(&text.replace('X', own)), "{text}");
        }
        let kept = [
            "max(X, 4096)",
            "X + 1 < 4096 ? 4096 : 16384",
            "X",
            "X - 1",
            "X / 2",
            "4096 * 2",
        ];
        for text in kept {
            assert!(!grows(&text.replace('X', own)), "{text}");
        }
        assert!(!grows("2 * sysctl.net.ipv4.tcp_max_syn_backlog"));
    }
}
