//! The gate every request passes: room, time, size, identity, rate and role, in this order, before a handler runs.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use causeway_api::Role;
use causeway_ledger::Access as Accessed;
use tokio::sync::Semaphore;
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{self, Caller};
use crate::config::Limits;
use crate::problem::{Problem, ProblemCode};
use crate::{idempotency, openapi};

/// What kind of work a route is: it decides which room, time and body it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Answers at once.
    Ordinary,
    /// Changes something: repeated harmlessly under an idempotency key.
    Change,
    /// Makes a secret: like a change, but its answer is never kept.
    Secret,
    /// Takes evidence.
    Upload,
    /// May wait for something to happen.
    Poll,
    /// Puts much together: few at a time, so that those who ask for it cannot use up the memory.
    Export,
}

/// Who may call a route, and what kind of work it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) roles: &'static [Role],
    pub(crate) work: Work,
}

type RateLimiter = governor::DefaultKeyedRateLimiter<Uuid>;

/// The room that is left, and how fast each token asks.
pub(crate) struct Room {
    ordinary: Semaphore,
    uploads: Semaphore,
    polls: Semaphore,
    exports: Semaphore,
    rates: RateLimiter,
}

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let at_least_one = |n: u32| std::num::NonZeroU32::new(n).unwrap_or(std::num::NonZeroU32::MIN);
        let quota =
            governor::Quota::per_second(at_least_one(limits.rate)).allow_burst(at_least_one(limits.burst));
        Self {
            ordinary: Semaphore::new(limits.concurrent),
            uploads: Semaphore::new(limits.concurrent_uploads),
            polls: Semaphore::new(limits.concurrent_polls),
            exports: Semaphore::new(limits.concurrent_exports),
            rates: RateLimiter::keyed(quota),
        }
    }

    fn of(&self, work: Work) -> &Semaphore {
        match work {
            Work::Ordinary | Work::Change | Work::Secret => &self.ordinary,
            Work::Upload => &self.uploads,
            Work::Poll => &self.polls,
            Work::Export => &self.exports,
        }
    }

    /// Counts one request of `token`.
    fn check_rate(&self, token: Uuid) -> Result<(), Problem> {
        // Tokens that have not asked for a while are forgotten; a token's state costs nothing to make again.
        if self.rates.len() > 10_000 {
            self.rates.retain_recent();
        }
        self.rates.check_key(&token).map_err(|early| {
            let wait =
                early.wait_time_from(governor::clock::Clock::now(&governor::clock::DefaultClock::default()));
            Problem::new(ProblemCode::RateLimited, "this token asks faster than the hub allows")
                .retry_after(wait.as_secs() + 1)
        })
    }
}

impl Work {
    fn time(self, limits: &Limits) -> Duration {
        match self {
            Self::Ordinary | Self::Change | Self::Secret => limits.request,
            Self::Upload | Self::Export => limits.upload,
            Self::Poll => limits.wait + limits.request,
        }
    }

    fn body(self, limits: &Limits) -> usize {
        match self {
            Self::Upload => limits.evidence_body,
            _ => limits.body,
        }
    }
}

/// Puts `routes` behind the gate, and says in their description who may pass.
pub(crate) fn guard(app: &App, access: Access, routes: UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    let body = access.work.body(&app.config.limits);
    let (schemas, mut paths, methods) = routes;
    openapi::describe_access(&mut paths, access);
    (schemas, paths, methods)
        .map(|methods| methods.route_layer(from_fn_with_state((app.clone(), access), pass)))
        .layer(DefaultBodyLimit::max(body))
}

/// Routes in front of the gate, for anyone: an answer costs next to nothing.
pub(crate) fn open(routes: UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    let (schemas, mut paths, methods) = routes;
    openapi::describe_public(&mut paths);
    (schemas, paths, methods)
}

/// Puts `routes` behind the part of the gate that needs no identity: room and time.
pub(crate) fn public(app: &App, routes: UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    open(routes).map(|methods| methods.route_layer(from_fn_with_state(app.clone(), pass_anyone)))
}

async fn pass_anyone(State(app): State<App>, request: Request, next: Next) -> Response {
    let work = Work::Ordinary;
    let Ok(_room) = app.room.of(work).try_acquire() else {
        return Problem::new(
            ProblemCode::Overloaded,
            "as many requests as the hub works on at once are in flight",
        )
        .retry_after(1)
        .into_response();
    };
    match tokio::time::timeout(work.time(&app.config.limits), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ProblemCode::TimedOut, "not finished in time").retry_after(1).into_response(),
    }
}

async fn pass(State((app, access)): State<(App, Access)>, request: Request, next: Next) -> Response {
    let limits = &app.config.limits;
    let Ok(_room) = app.room.of(access.work).try_acquire() else {
        return Problem::new(
            ProblemCode::Overloaded,
            "as many requests as the hub works on at once are in flight",
        )
        .retry_after(1)
        .into_response();
    };
    let answer = async {
        let (request, caller) = admit(&app, access, request).await?;
        if caller.role == Role::Auditor {
            record(&app, &caller, request.uri().clone()).await?;
        }
        match access.work {
            Work::Change | Work::Secret => idempotency::once(&app, &caller, access.work, request, next).await,
            Work::Ordinary | Work::Upload | Work::Poll | Work::Export => Ok(next.run(request).await),
        }
    };
    match tokio::time::timeout(access.work.time(limits), answer).await {
        Ok(answer) => {
            let mut response = answer.into_response();
            // Answers are the caller's alone, and some hold a secret.
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(_) => Problem::new(
            ProblemCode::TimedOut,
            format!("not finished within {} seconds", access.work.time(limits).as_secs()),
        )
        .retry_after(1)
        .into_response(),
    }
}

/// Writes down what an auditor asks for, before it is answered: nothing is read unseen.
async fn record(app: &App, caller: &Caller, uri: Uri) -> Result<(), Problem> {
    let access = Accessed {
        credential: caller.credential,
        actor: &caller.name,
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
    };
    Ok(app.ledger.record_access(access, app.now()).await?)
}

/// Identity, rate, role.
async fn admit(app: &App, access: Access, mut request: Request) -> Result<(Request, Caller), Problem> {
    let presented = auth::presented(request.headers())?;
    let caller = app.caller(presented).await?.ok_or_else(auth::unauthenticated)?;
    app.room.check_rate(caller.credential)?;
    if !access.roles.contains(&caller.role) {
        let allowed: Vec<_> = access.roles.iter().map(|role| auth::role_name(*role)).collect();
        let came = auth::role_name(caller.role);
        return Err(Problem::new(
            ProblemCode::Forbidden,
            format!("expected role {}, got {came}", allowed.join(" or ")),
        ));
    }
    request.extensions_mut().insert(caller.clone());
    Ok((request, caller))
}

/// Refuses headers that are too large together. The outermost check: it needs nothing but the headers.
pub(crate) async fn header_limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let came = size(request.headers());
    let most = app.config.limits.headers;
    if came > most {
        let detail = format!("{came} bytes of headers, at most {most} are taken");
        return Problem::new(ProblemCode::HeadersTooLarge, detail).into_response();
    }
    next.run(request).await
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}
