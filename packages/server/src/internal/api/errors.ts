import type { LocalKinesis } from "@effect-kinesis/local"
import { BadRequest } from "../codec/requests.js"

/** An error as the API answers with it. */
export interface ApiError {
  readonly status: number
  readonly type: string
  readonly message: string | undefined
}

export const refused = (type: string, message?: string, status = 400): ApiError => ({ status, type, message })

/** The operations that a shard's throughput limits; others have limits of calls alone. */
const ofThroughput = ["GetRecords", "GetShardIterator", "PutRecord", "PutRecords"]

const throttled = (
  operation: string,
  { description, reason }: { readonly description: string; readonly reason: string }
) =>
  reason === "kms"
    ? refused("KMSThrottlingException", description)
    : reason === "throughput" && ofThroughput.includes(operation)
    ? refused("ProvisionedThroughputExceededException", description)
    : refused("LimitExceededException", description)

/** The engine says of a value out of its range what it must be; AWS calls that a failed validation. */
const invalid = ({ description, field }: { readonly description: string; readonly field?: string | undefined }) =>
  description.startsWith("must be ") && field !== undefined
    ? refused(
      "ValidationException",
      `1 validation error detected: Value at '${field}' failed to satisfy constraint: Member ${description}`
    )
    : refused("InvalidArgumentException", description)

const accessCodes = {
  permission: "AccessDeniedException",
  credentials: "UnrecognizedClientException",
  signature: "InvalidSignatureException",
  expired: "ExpiredTokenException",
  unknown: "AccessDeniedException"
}

/** What the API makes of an error of the engine. */
export const ofFailure = (operation: string, failure: LocalKinesis.Failure): ApiError => {
  const { description } = failure
  switch (failure._tag) {
    case "ThrottledError":
      return throttled(operation, failure)
    case "ExpiredIterator":
      return refused("ExpiredIteratorException", description)
    case "ExpiredListToken":
      return refused("ExpiredNextTokenException", description)
    case "InvalidArgument":
      return invalid(failure)
    case "ResourceInUse":
      return refused("ResourceInUseException", description)
    case "ResourceNotFound":
      return refused("ResourceNotFoundException", description)
    case "KmsError":
      return refused(failure.code, description)
    case "AccessDenied":
      return refused(accessCodes[failure.reason], description)
    case "CredentialsUnavailable":
      return refused("UnrecognizedClientException", description)
    case "RequestTimeout":
      return refused("RequestTimeoutException", description, 408)
    case "ServiceUnavailable":
      return refused("ServiceUnavailable", description, 503)
  }
}

/** What the API makes of anything that was thrown. */
export const ofThrown = (thrown: unknown): ApiError =>
  thrown instanceof BadRequest
    ? refused(thrown.type, thrown.message)
    : refused("InternalFailure", thrown instanceof Error ? thrown.message : String(thrown), 500)
