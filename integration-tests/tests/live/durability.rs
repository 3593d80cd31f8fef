//! What a stack holds is there after whatever happens to it, to the program and to the engine.

mod backup;
mod crash;
mod kills;
mod survival;
