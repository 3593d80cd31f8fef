//! Alerts from the rule to the receiver.

mod alerts;
mod drill;
mod notifications;
mod receiver;
mod rules;
