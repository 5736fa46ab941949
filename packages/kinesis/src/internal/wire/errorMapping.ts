import * as Errors from "../../KinesisError.js"

/** What is known of a failed call without asking it. */
export interface Call {
  /** Whose operation it is, as IAM has it. Default: `"kinesis"`. */
  readonly service?: "kinesis" | "dynamodb" | undefined
  /** The API's name of the operation. */
  readonly operation: string
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
  /** What the call is on when that is no stream, such as `table orders`: the description begins with it. */
  readonly resource?: string | undefined
}

type Kind =
  | "limit"
  | "throughput"
  | "kms"
  | "iterator"
  | "token"
  | Exclude<Errors.KinesisError["_tag"], "ThrottledError">

const kinds: Record<string, Kind> = {
  ProvisionedThroughputExceededException: "throughput",
  KMSThrottlingException: "kms",
  LimitExceededException: "limit",
  RequestLimitExceeded: "limit",
  Throttling: "limit",
  ThrottlingException: "limit",
  TooManyRequestsException: "limit",
  ExpiredIteratorException: "iterator",
  ExpiredNextTokenException: "token",
  ResourceNotFoundException: "ResourceNotFound",
  TableNotFoundException: "ResourceNotFound",
  ResourceInUseException: "ResourceInUse",
  TableInUseException: "ResourceInUse",
  InvalidArgumentException: "InvalidArgument",
  ItemCollectionSizeLimitExceededException: "InvalidArgument",
  SerializationException: "InvalidArgument",
  ValidationException: "InvalidArgument",
  CborRefused: "InvalidArgument",
  AccessDenied: "AccessDenied",
  AccessDeniedException: "AccessDenied",
  CredentialsProviderError: "ServiceUnavailable",
  ExpiredTokenException: "AccessDenied",
  IncompleteSignatureException: "AccessDenied",
  InvalidClientTokenId: "AccessDenied",
  InvalidSignatureException: "AccessDenied",
  MissingAuthenticationToken: "AccessDenied",
  MissingAuthenticationTokenException: "AccessDenied",
  SignatureDoesNotMatch: "AccessDenied",
  UnrecognizedClientException: "AccessDenied",
  KMSAccessDeniedException: "KmsError",
  KMSDisabledException: "KmsError",
  KMSInvalidStateException: "KmsError",
  KMSNotFoundException: "KmsError",
  KMSOptInRequired: "KmsError",
  RequestTimeout: "RequestTimeout",
  RequestTimeoutException: "RequestTimeout",
  TimeoutError: "RequestTimeout",
  ETIMEDOUT: "RequestTimeout",
  InternalFailure: "ServiceUnavailable",
  InternalFailureException: "ServiceUnavailable",
  InternalServerError: "ServiceUnavailable",
  ReplicatedWriteConflictException: "ServiceUnavailable",
  TransactionConflictException: "ServiceUnavailable",
  TransactionInProgressException: "ServiceUnavailable",
  ServiceUnavailable: "ServiceUnavailable",
  ServiceUnavailableException: "ServiceUnavailable",
  EAI_AGAIN: "ServiceUnavailable",
  ECONNABORTED: "ServiceUnavailable",
  ECONNREFUSED: "ServiceUnavailable",
  ECONNRESET: "ServiceUnavailable",
  EHOSTUNREACH: "ServiceUnavailable",
  ENETUNREACH: "ServiceUnavailable",
  ENOTFOUND: "ServiceUnavailable",
  EPIPE: "ServiceUnavailable"
}

interface Raised {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly clockSkewCorrected?: unknown } | undefined
}

const isRaised = (value: unknown): value is Raised => typeof value === "object" && value !== null

const maxDepth = 10

/** The error and what caused it, the deepest first. */
const causes = (error: unknown, depth = 0): ReadonlyArray<Raised> => {
  if (!isRaised(error) || depth === maxDepth) return []
  const inner = Array.isArray(error.errors) ? [error.cause, ...error.errors] : [error.cause]
  return [...inner.flatMap((cause) => causes(cause, depth + 1)), error]
}

const noCredentials = "Could not load credentials from any providers"

/** The SDK has set its clock by the refusal: the next request will be signed for the service's time. */
const isCorrected = (error: Raised): boolean => error.$metadata?.clockSkewCorrected === true

const named = (error: Raised): Kind | undefined => {
  if (error.message === noCredentials) return "AccessDenied"
  const kind = kinds[String(error.code)] ?? kinds[String(error.name)]
  return kind === "AccessDenied" && isCorrected(error) ? "ServiceUnavailable" : kind
}

const byStatus = (error: Raised): Kind | undefined => {
  const status = error.$metadata?.httpStatusCode
  return typeof status !== "number" || status < 400
    ? undefined
    : status >= 500
    ? "ServiceUnavailable"
    : status === 429
    ? "limit"
    : status === 401 || status === 403
    ? "AccessDenied"
    : "InvalidArgument"
}

/** Nothing was sent, and nothing will be until the settings change. */
const isMisconfigured = (error: Raised): boolean =>
  error.$metadata === undefined &&
  /^(Region is missing|Invalid URL)/.test(String(error.message))

/**
 * The one place where what the SDK or the network raised becomes a typed error: by the deepest cause that has a known name, else by
 * the HTTP status, else as unavailable.
 */
export const fromCause = (
  call: Call,
  cause: unknown
): Errors.KinesisError | Errors.ExpiredIterator | Errors.ExpiredListToken => {
  const chain = causes(cause)
  const known = chain.find((error) => named(error) !== undefined) ??
    chain.find((error) => byStatus(error) !== undefined)
  const misconfigured = chain.find(isMisconfigured)
  const telling = known ?? misconfigured ?? chain.at(-1)
  const kind = known === undefined
    ? misconfigured === undefined ? "ServiceUnavailable" : "InvalidArgument"
    : named(known) ?? byStatus(known)!
  const code = telling === undefined ? "" : String(telling.name ?? telling.code ?? "")
  const { operation, resource, service = "kinesis", shardId, stream } = call
  const said = String(telling?.message ?? cause)
  const fields = {
    operation,
    stream,
    shardId,
    description: resource === undefined ? said : `${resource}: ${said}`,
    cause
  }
  switch (kind) {
    case "throughput":
    case "kms":
    case "limit":
      return new Errors.ThrottledError({ ...fields, reason: kind })
    case "iterator":
      return new Errors.ExpiredIterator(fields)
    case "token":
      return new Errors.ExpiredListToken(fields)
    case "ResourceNotFound":
      return new Errors.ResourceNotFound(fields)
    case "ResourceInUse":
      return new Errors.ResourceInUse(fields)
    case "InvalidArgument":
      return new Errors.InvalidArgument(code === "CborRefused" ? { ...fields, field: "protocol" } : fields)
    case "AccessDenied":
      return new Errors.AccessDenied({
        ...fields,
        action: `${service}:${operation}`,
        expired: code.startsWith("ExpiredToken")
      })
    case "KmsError":
      return new Errors.KmsError({ ...fields, code })
    case "RequestTimeout":
      return new Errors.RequestTimeout(fields)
    case "ServiceUnavailable":
      return new Errors.ServiceUnavailable(fields)
  }
}
