/** What a call to a service failed with, as far as it is put into words. */
export type Failure =
  | { readonly _tag: "ThrottledError"; readonly reason: string }
  | { readonly _tag: "InvalidArgument"; readonly field?: string | undefined }
  | { readonly _tag: "AccessDenied"; readonly action: string }
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
      return `access denied, the call needs ${failure.action}`
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
