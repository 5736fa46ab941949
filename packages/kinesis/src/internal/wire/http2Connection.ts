import * as Net from "node:net"
import * as Tls from "node:tls"

/** The endpoint speaks HTTP/1.1 alone. */
export class NoHttp2 extends Error {
  override readonly name = "NoHttp2"
  constructor(origin: string, because: string, options?: ErrorOptions) {
    super(`${origin} does not speak HTTP/2 (${because}): leave fanOutTransport out, or set it to "http/1.1"`, options)
  }
}

/** Says of an error that the request was not sent, or that the service has not looked at it: it has had no effect. */
export const unsent = (error: Error): Error => Object.assign(error, { unsent: true })

export interface Options {
  /** Certificates to trust in place of those that Node trusts. */
  readonly certificateAuthority: string | undefined
  /** How long a connection may take to open. */
  readonly connectMillis: number
}

const connect = ({ hostname, port, protocol }: URL, { certificateAuthority: ca }: Options): Net.Socket => {
  const host = hostname.replace(/^\[|\]$/g, "")
  if (protocol !== "https:") return Net.connect({ host, port: Number(port || 80) })
  return Tls.connect({
    host,
    port: Number(port || 443),
    ALPNProtocols: ["h2", "http/1.1"],
    ...(Net.isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca })
  })
}

/** A connection that is being opened: the promise ends with it open, or fails. */
export interface Opening {
  readonly socket: Net.Socket
  readonly opened: Promise<void>
}

/** Opens a connection for HTTP/2, by TLS as the origin says. Without TLS nothing shows whether the endpoint speaks it. */
export const open = (origin: URL, options: Options): Opening => {
  const socket = connect(origin, options).setNoDelay(true)
  const opened = new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(late)
      socket.destroy()
      reject(error)
    }
    const failed = (error: Error): void => fail(unsent(error))
    const late = setTimeout(
      () => failed(new Error(`no connection to ${origin.host} within ${options.connectMillis} ms`)),
      options.connectMillis
    )
    socket.on("error", failed)
    socket.on("close", () => failed(new Error(`the connection to ${origin.host} was closed`)))
    socket.once(origin.protocol === "https:" ? "secureConnect" : "connect", () => {
      if (socket instanceof Tls.TLSSocket && socket.alpnProtocol !== "h2") {
        return fail(new NoHttp2(origin.origin, "by ALPN"))
      }
      clearTimeout(late)
      resolve()
    })
  })
  return { socket, opened }
}
