//! Client-side envelope encryption for the web, with keys the customer owns.
