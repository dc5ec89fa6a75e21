//! The description of the interface: OpenAPI 3.1, made from the handlers and the gate, never by hand.

use causeway_api as api;
use utoipa::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::auth::role_name;
use crate::config::Limits;
use crate::gate::{Access, Work};

/// The name of the one way to say who one is.
const BEARER: &str = "bearer";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Causeway hub",
        description = "The relay service between islands. Binary is 0x-hex, 64-bit numbers are decimal text, times are \
                       RFC 3339 in UTC. Every refusal is an RFC 9457 problem document with a stable `code` and a `next` \
                       step. Lists take `limit` (1 to 500) and `next`. `Idempotency-Key` on a POST that changes something \
                       makes repeating it harmless for 24 hours.",
    ),
    components(schemas(api::Problem)),
    tags(
        (name = "islands", description = "Registering a chain, its life cycle, and where to resume."),
        (name = "evidence", description = "Proof of what happened on an island."),
        (name = "deliveries", description = "What is ready for an island, with signatures its gateway accepts."),
        (name = "attestations", description = "What waits for an attestor, and its signatures."),
        (name = "packets", description = "History, one packet, its events."),
        (name = "tokens", description = "Who may do what."),
        (name = "log", description = "The transparency log, as C2SP tlog-tiles: public, and it shows volume and pace only."),
        (name = "operations", description = "Health and numbers."),
    )
)]
struct Base;

/// The description without any route.
pub(crate) fn base() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme(BEARER, scheme);
    document
}

/// Writes into every operation of `paths` who may call it and how it refuses.
pub(crate) fn describe_access(paths: &mut Paths, access: Access) {
    for operation in paths.paths.values_mut().flat_map(operations) {
        let roles: Vec<_> = access.roles.iter().map(|role| role_name(*role)).collect();
        operation.security = Some(vec![SecurityRequirement::new(BEARER, [] as [&str; 0])]);
        operation.extensions = Some(Extensions::builder().add("x-roles", roles).build());
        describe_refusal(operation);
        if matches!(access.work, Work::Change | Work::Secret) {
            let key = utoipa::openapi::path::ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(utoipa::openapi::path::ParameterIn::Header)
                .description(Some(
                    "Makes repeating this request harmless for 24 hours: 1 to 255 visible characters.",
                ))
                .schema(Some(text("^[!-~]{1,255}$")));
            operation.parameters.get_or_insert_default().push(key.build().into());
        }
    }
}

/// Writes into every operation of `paths`, which anyone may call, how it refuses.
pub(crate) fn describe_public(paths: &mut Paths) {
    for operation in paths.paths.values_mut().flat_map(operations) {
        operation.security = Some(Vec::new());
        describe_refusal(operation);
    }
}

fn describe_refusal(operation: &mut Operation) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refused = ResponseBuilder::new()
        .description("Refused: a problem document says why and what to do next.")
        .content("application/problem+json", problem);
    operation.responses.responses.insert("default".to_owned(), refused.build().into());
}

/// The description as it is served: with this hub's limits, and paths as OpenAPI writes them.
pub(crate) fn finish(document: &mut utoipa::openapi::OpenApi, limits: &Limits) {
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        for operation in operations(&mut item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter
                    && parameter.name == "wait"
                {
                    parameter.schema = Some(seconds(limits.wait.as_secs()));
                }
            }
        }
        // Our router's wildcard; OpenAPI has none, and says so in the parameter's description.
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
}

/// Text that matches `pattern`.
fn text(pattern: &str) -> RefOr<utoipa::openapi::Schema> {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some(pattern)).into()
}

/// Whole seconds, at most `most`.
fn seconds(most: u64) -> RefOr<utoipa::openapi::Schema> {
    #[allow(clippy::cast_precision_loss)] // JSON schema's numbers are floating point.
    let most = most as f64;
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(0.0))
        .maximum(Some(most))
        .into()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [item.get.as_mut(), item.post.as_mut()].into_iter().flatten()
}
