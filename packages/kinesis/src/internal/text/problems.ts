/** What a call to a service failed with, as far as it is put into words. */
export type Failure =
  | { readonly _tag: "ThrottledError"; readonly reason: string }
  | { readonly _tag: "InvalidArgument"; readonly field?: string | undefined }
  | { readonly _tag: "AccessDenied"; readonly action: string; readonly reason: "permission" | keyof typeof refusals }
  | { readonly _tag: "CredentialsUnavailable"; readonly provider?: string | undefined }
  | { readonly _tag: "KmsError"; readonly code: string }
  | {
    readonly _tag:
      | "ExpiredIterator"
      | "ExpiredListToken"
      | "ResourceNotFound"
      | "ResourceInUse"
      | "RequestTimeout"
      | "ServiceUnavailable"
  }

/** What a refusal of the credentials means, by its reason. */
const refusals = {
  credentials:
    "the credentials are refused, check the access key, the session token, and which account and partition they are of",
  signature: "the signature is refused, check the secret access key, and that no proxy changes requests",
  expired: "the credentials have expired, sign in again or get new ones",
  unknown: "access denied"
}

/** What is wrong, in the few words with which an error's message begins. */
export const problemOf = (failure: Failure): string => {
  switch (failure._tag) {
    case "ThrottledError":
      return `throttled (${failure.reason})`
    case "ExpiredIterator":
      return "the shard iterator has expired"
    case "ExpiredListToken":
      return "the listing's token has expired"
    case "ResourceNotFound":
      return "not found"
    case "ResourceInUse":
      return "in use"
    case "InvalidArgument":
      return failure.field === undefined ? "invalid argument" : `invalid ${failure.field}`
    case "AccessDenied":
      return failure.reason === "permission"
        ? `access denied, the call needs ${failure.action}`
        : refusals[failure.reason]
    case "CredentialsUnavailable":
      return `no credentials${failure.provider === undefined ? "" : ` from ${failure.provider}`}`
    case "KmsError":
      return failure.code
    case "RequestTimeout":
      return "no answer in time"
    case "ServiceUnavailable":
      return "the service is unavailable"
  }
}
