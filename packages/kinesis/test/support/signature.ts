import { createHash, createHmac } from "node:crypto"

/** A request, as far as it is signed. */
export interface Signed {
  readonly headers: Readonly<Record<string, unknown>>
  readonly raw: Buffer
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()
const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex")

/**
 * The signature that a request should have, by AWS's description of Signature Version 4:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const signatureOf = ({ headers, raw }: Signed, secret: string): string => {
  const [, scope, signed] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(String(headers["authorization"]))!
  const canonical = signed!.split(";").map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}\n`)
  const request = ["POST", "/", "", canonical.join(""), signed, sha256(raw)].join("\n")
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(request)].join("\n")
  const key = scope!.split("/").reduce((key: string | Buffer, part) => hmac(key, part), `AWS4${secret}`)
  return hmac(key, toSign).toString("hex")
}
