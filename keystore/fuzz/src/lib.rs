//! What the fuzz targets share: each takes bytes from outside and asserts more than that nothing panics.

pub mod house;
pub mod material;
pub mod memory_disk;
