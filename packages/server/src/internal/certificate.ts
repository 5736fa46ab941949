import * as Effect from "effect/Effect"
import type { Certificate } from "./http/sockets.js"

const days = 365
const dayMillis = 86_400_000

const names = (host: string) => [
  { type: 2, value: "localhost" },
  { type: 7, ip: "127.0.0.1" },
  { type: 7, ip: "::1" },
  ...(/^[\d.]+$|:/.test(host) ? [{ type: 7, ip: host }] : [{ type: 2, value: host }])
]

/** A certificate for this machine, of a key that is made with it. It is its own authority: a client has to be told to trust it. */
export const make = (host: string): Effect.Effect<Certificate> =>
  Effect.promise(async () => {
    const { generate } = await import("selfsigned")
    const { cert, private: key } = await generate([{ name: "commonName", value: "effect-kinesis server" }], {
      keyType: "ec",
      algorithm: "sha256",
      notAfterDate: new Date(Date.now() + days * dayMillis),
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "subjectAltName", altNames: names(host) }
      ]
    } as never)
    return { cert, key }
  })
