//! An independent witness: follows the hub's evidence, verifies it again from its own anchors, and signs.
