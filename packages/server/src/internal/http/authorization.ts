import type { ApiError } from "../api/errors.js"
import { refused } from "../api/errors.js"

/** The headers of a request, as Node has them. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** Who calls, and where, by the signature, which is not verified here. */
export interface Caller {
  readonly accessKeyId: string
  /** Such as `20261126`. */
  readonly day: string
  readonly region: string
  readonly service: string
  readonly signature: string
  readonly signedHeaders: ReadonlyArray<string>
}

export const header = (headers: Headers, name: string): string => {
  const value = headers[name]
  return typeof value === "string" ? value : value?.[0] ?? ""
}

const here = /^(\[[\da-f:]*\]|[\d.]+|([\w-]+\.)*(localhost|internal|local|test)|[\w-]+)?(:\d+)?$/i

/** Whether a request asks a host by an address or by a name that nobody can have made public. */
export const isHere = (headers: Headers): boolean => here.test(header(headers, "host") || header(headers, ":authority"))

const parameters = ["Credential", "Signature", "SignedHeaders"] as const

const patterns = {
  Credential: /[, ]Credential=([^, ]+)/,
  Signature: /[, ]Signature=([^, ]+)/,
  SignedHeaders: /[, ]SignedHeaders=([^, ]+)/
}

const parameter = (authorization: string, name: typeof parameters[number]): string | undefined =>
  patterns[name].exec(authorization)?.[1]

/** A region names an engine and, with a folder of data, its file. */
export const isRegion = (region: string): boolean => /^[a-z\d-]{1,64}$/.test(region)

const scopeOf = (credential: string, signature: string, signedHeaders: string): Caller | ApiError => {
  const [terminator = "", service = "", region = "", day = "", ...key] = credential.split("/").reverse()
  if (terminator !== "aws4_request" || key.length === 0 || region === "") {
    return refused(
      "IncompleteSignatureException",
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`
    )
  }
  return isRegion(region)
    ? {
      accessKeyId: key.reverse().join("/"),
      day,
      region,
      service,
      signature,
      signedHeaders: signedHeaders.split(";")
    }
    : refused("InvalidSignatureException", `Credential should be scoped to a valid region, not '${region}'.`)
}

const ofHeader = (headers: Headers, authorization: string): Caller | ApiError => {
  const credential = parameter(authorization, "Credential")
  const signature = parameter(authorization, "Signature")
  const signedHeaders = parameter(authorization, "SignedHeaders")
  const isDated = header(headers, "x-amz-date") !== "" || header(headers, "date") !== ""
  if (credential !== undefined && signature !== undefined && signedHeaders !== undefined && isDated) {
    return scopeOf(credential, signature, signedHeaders)
  }
  const absent = parameters.filter((name) => parameter(authorization, name) === undefined)
    .map((name) => `Authorization header requires '${name}' parameter.`)
  const undated = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
  return refused(
    "IncompleteSignatureException",
    [...absent, ...(isDated ? [] : [undated]), `Authorization=${authorization}`].join(" ")
  )
}

const queryParameters = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"].map((name) => `X-Amz-${name}`)

const ofQuery = (query: URLSearchParams): Caller | ApiError => {
  const absent = queryParameters.filter((name) => !query.get(name))
  return absent.length > 0
    ? refused(
      "IncompleteSignatureException",
      [
        ...absent.map((name) => `AWS query-string parameters must include '${name}'.`),
        "Re-examine the query-string parameters."
      ].join(" ")
    )
    : scopeOf(query.get("X-Amz-Credential")!, query.get("X-Amz-Signature")!, query.get("X-Amz-SignedHeaders")!)
}

/** Who calls, by the header or by the query of a presigned request; or why the signature cannot be read. */
export const read = (headers: Headers, url: string): Caller | ApiError => {
  const authorization = header(headers, "authorization")
  const at = url.indexOf("?")
  const query = at < 0 ? undefined : new URLSearchParams(url.slice(at))
  const isPresigned = query?.has("X-Amz-Algorithm") === true
  if (authorization !== "" && isPresigned) {
    return refused(
      "InvalidSignatureException",
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    )
  }
  if (authorization !== "") return ofHeader(headers, authorization)
  return isPresigned ? ofQuery(query) : refused("MissingAuthenticationTokenException", "Missing Authentication Token")
}
