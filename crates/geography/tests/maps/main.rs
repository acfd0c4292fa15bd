//! Geographies through the public interface: London as it is shipped, and those of others.

mod import;
mod london;
mod real_data;
