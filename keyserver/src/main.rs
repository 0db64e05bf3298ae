//! The Envelock key server.
fn main() {}
