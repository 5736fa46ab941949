import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { makeRaw } from "./table.js"

export interface Call {
  readonly operation: string
  readonly body: any
}

export type Fault =
  /** The call takes effect, and the connection breaks before the answer. */
  | { readonly _tag: "Lose" }
  /** The call takes no effect and is answered with this error. */
  | { readonly _tag: "Refuse"; readonly name: string; readonly status?: number; readonly message?: string }
  /** The call is answered with this, and takes no effect. */
  | { readonly _tag: "Answer"; readonly body: unknown }
  /** The call is answered with this text, and takes no effect. */
  | { readonly _tag: "Text"; readonly text: string }
  /** The call is never answered. */
  | { readonly _tag: "Hang" }
  /** Something happens before the call. */
  | { readonly _tag: "Before"; readonly effect: () => Promise<unknown> }

/**
 * The SDK's transport with faults, for the next call of an operation each. With `rowsOfRefusals` a refused condition comes with the row, which
 * DynamoDB sends and dynalite does not.
 */
export const makeHandler = (endpoint: string, { rowsOfRefusals = false } = {}) => {
  const http = new NodeHttpHandler({})
  const raw = makeRaw(endpoint)
  const calls: Array<Call> = []
  const faults: Array<{ readonly operation: string; readonly fault: Fault }> = []
  let aborted = 0
  let closed = 0
  const text = (statusCode: number, body: string) => ({
    response: {
      statusCode,
      headers: { "content-type": "application/x-amz-json-1.0" },
      body: new TextEncoder().encode(body)
    }
  })
  const answer = (statusCode: number, body: unknown) => text(statusCode, JSON.stringify(body))
  const textOf = async (body: AsyncIterable<Uint8Array>) => {
    const pieces: Array<Uint8Array> = []
    for await (const piece of body) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }
  const handle = async (request: any, options: any): Promise<any> => {
    const operation = String(request.headers["x-amz-target"]).split(".")[1]!
    const body = JSON.parse(typeof request.body === "string" ? request.body : new TextDecoder().decode(request.body))
    calls.push({ operation, body })
    options?.abortSignal?.addEventListener("abort", () => aborted++)
    const index = faults.findIndex((fault) => fault.operation === operation)
    const fault = index === -1 ? undefined : faults.splice(index, 1)[0]!.fault
    switch (fault?._tag) {
      case "Refuse":
        return answer(fault.status ?? 400, {
          __type: `com.amazonaws.dynamodb.v20120810#${fault.name}`,
          message: fault.message ?? `said ${fault.name}`
        })
      case "Answer":
        return answer(200, fault.body)
      case "Text":
        return text(200, fault.text)
      case "Hang":
        return new Promise((_, reject) => {
          options?.abortSignal?.addEventListener(
            "abort",
            () => reject(Object.assign(new Error("aborted"), { name: "AbortError" }))
          )
        })
      case "Lose":
        await textOf((await http.handle(request, options)).response.body)
        throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
      case "Before":
        await fault.effect()
    }
    const answered = await http.handle(request, options)
    if (!rowsOfRefusals || answered.response.statusCode !== 400) return answered
    const refusal = JSON.parse(await textOf(answered.response.body))
    if (body.ReturnValuesOnConditionCheckFailure === "ALL_OLD" && refusal.__type.endsWith("FailedException")) {
      refusal.Item = await raw.get(body.TableName, body.Key.leaseKey.S)
    }
    return answer(400, refusal)
  }
  return {
    calls,
    aborted: () => aborted,
    closed: () => closed,
    next: (operation: string, fault: Fault) => void faults.push({ operation, fault }),
    operations: () => calls.map(({ operation }) => operation),
    requestHandler: {
      handle,
      metadata: { handlerProtocol: "http/1.1" },
      updateHttpClientConfig: () => undefined,
      httpHandlerConfigs: () => ({}),
      destroy: () => {
        closed++
        http.destroy()
        raw.sdk.destroy()
      }
    } as unknown as NonNullable<DynamoDBClientConfig["requestHandler"]>
  }
}
