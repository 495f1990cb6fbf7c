//! `renew`: which keys are due, and the requests for them. What administrators have staged is not looked at: a renewal
//! goes into a commit of its own.

mod make;
mod plan;

pub use make::{Secrets, make};
pub(super) use plan::may_reuse;
pub use plan::{Ground, Planned, Scope, Step, Task, plan};
