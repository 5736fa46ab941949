import { createRequire } from "node:module"
import type { AddressInfo, Server } from "node:net"

/** Emulators from npm, in the folder that they were installed in. */
const load = createRequire(process.argv[2]!)
const servers: ReadonlyArray<Server> = [
  load("kinesalite")({ createStreamMs: 5, shardLimit: 100 }),
  load("dynalite")({ createTableMs: 5 })
]

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  )

process.on("disconnect", () => process.exit(0))
process.send!(await Promise.all(servers.map(listen)))
