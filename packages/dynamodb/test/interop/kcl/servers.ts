import { join } from "node:path"
import { type Child, freePort, launch, until } from "./processes.js"
import { here } from "./setup.js"

export interface Server {
  readonly url: string
  readonly child: Child
}

const answering = async (url: string, child: Child): Promise<Server> => {
  await until(`an answer of ${url}`, 60, () => {
    if (child.isOver()) throw new Error(`the server of ${url} has ended`)
    return fetch(url).then(() => true, () => false)
  })
  return { url, child }
}

const program = join(here, "../../../../server/src/bin.ts")

/** The server of this repository, in a process of its own. */
export const startKinesis = async (folder: string): Promise<Server> => {
  const port = await freePort()
  const options = ["--port", String(port), "--transition", "20ms", "--tether"]
  const child = launch(process.execPath, ["--import", "tsx", program, ...options], join(folder, "kinesis.log"))
  return answering(`http://127.0.0.1:${port}`, child)
}

export const startTables = async (folder: string, python: string): Promise<Server> => {
  const port = await freePort()
  const child = launch(python, [join(here, "tables.py"), String(port)], join(folder, "dynamodb.log"))
  return answering(`http://127.0.0.1:${port}`, child)
}

/** One request to Kinesis, as JSON, with no opinion on what is in it. */
export const kinesisCall = async (url: string, operation: string, body: object): Promise<any> => {
  const response = await fetch(url, {
    method: "POST",
    signal: AbortSignal.timeout(30_000),
    headers: {
      "x-amz-target": `Kinesis_20131202.${operation}`,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-date": "20260101T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0"
    },
    body: JSON.stringify(body)
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${text}`)
  return text === "" ? {} : JSON.parse(text)
}
