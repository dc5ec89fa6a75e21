//! Client of the hub's REST interface.
