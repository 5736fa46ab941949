import { createHash } from "node:crypto"
import type { ApiError } from "../api/errors.js"
import { refused } from "../api/errors.js"
import type { Caller } from "./authorization.js"
import * as Authorization from "./authorization.js"
import type { Received } from "./call.js"

/** The only credentials that are let in. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Why a request is refused; undefined for one that is signed with the credentials. */
export type Verify = (received: Received, caller: Caller, now: number) => Promise<ApiError | undefined>

const toleratedMillis = 300_000

const mismatch = refused(
  "InvalidSignatureException",
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and " +
    "signing method. Consult the service documentation for details."
)

/** `20261126T080000Z` as an instant. */
const instantOf = (text: string): Date | undefined => {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return year === undefined ? undefined : new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

const signedHeaders = ({ headers }: Received, names: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(names.map((name) => [
    name,
    Authorization.header(headers, name === "host" && headers["host"] === undefined ? ":authority" : name)
  ]))

const judge = (caller: Caller, credentials: Credentials, signedAt: Date | undefined, now: number) => {
  if (caller.accessKeyId !== credentials.accessKeyId) {
    return refused("UnrecognizedClientException", "The security token included in the request is invalid.")
  }
  if (caller.service !== "kinesis") {
    return refused("InvalidSignatureException", "Credential should be scoped to correct service: 'kinesis'.")
  }
  if (signedAt === undefined || Number.isNaN(signedAt.getTime())) {
    return refused(
      "IncompleteSignatureException",
      "The request must have an X-Amz-Date header such as 20261126T080000Z."
    )
  }
  return Math.abs(now - signedAt.getTime()) > toleratedMillis
    ? refused(
      "InvalidSignatureException",
      `Signature expired: ${signedAt.toISOString()} is not within 5 min. of ${new Date(now).toISOString()}`
    )
    : undefined
}

/** What follows the path, which is signed, too. A name may be there several times. */
const queryOf = (url: string): Record<string, Array<string>> => {
  const query = new URL(url, "http://localhost").searchParams
  return Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]))
}

/** A body that was signed by its hash, if it was. */
const isHashOf = (hash: string | undefined, body: Buffer): boolean =>
  hash === undefined || hash === "UNSIGNED-PAYLOAD" || hash === createHash("sha256").update(body).digest("hex")

/** Signs what was signed once more, by the SDK's signer, and compares. Presigned requests are refused. */
export const make = async (credentials: Credentials): Promise<Verify> => {
  const { SignatureV4 } = await import("@smithy/signature-v4")
  const { HttpRequest } = await import("@smithy/core/protocols")
  const { Sha256: sha256 } = await import("@smithy/core/checksum")
  return async (received, caller, now) => {
    const signedAt = instantOf(Authorization.header(received.headers, "x-amz-date"))
    const refusal = judge(caller, credentials, signedAt, now)
    if (refusal !== undefined) return refusal
    const signer = new SignatureV4({
      credentials,
      region: caller.region,
      service: caller.service,
      sha256,
      applyChecksum: false
    })
    const headers = signedHeaders(received, caller.signedHeaders)
    if (!isHashOf(headers["x-amz-content-sha256"], received.body)) return mismatch
    const request = new HttpRequest({
      method: received.method,
      path: received.url.split("?")[0]!,
      query: queryOf(received.url),
      headers,
      body: received.body
    })
    const signed = await signer.sign(request, {
      signingDate: signedAt!,
      signableHeaders: new Set(Object.keys(headers))
    })
    const again = Authorization.read(signed.headers, received.url)
    return "signature" in again && again.signature === caller.signature ? undefined : mismatch
  }
}
