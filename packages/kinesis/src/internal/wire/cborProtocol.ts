import type { GetRecordsCommandOutput } from "@aws-sdk/client-kinesis"
import { errorIn, isError } from "./answers.js"
import { kinesisCborCodec } from "./cborCodec.js"
import { jsonProtocol, type Protocol } from "./jsonProtocol.js"
import type { Sharing } from "./recordMemory.js"
import * as RecordsCbor from "./recordsCbor.js"
import * as ResponseBody from "./responseBody.js"
import type { ProtocolClass, SdkProtocol } from "./sdkHooks.js"
import * as SealedPage from "./sealedPage.js"

type SerializeArguments = Parameters<SdkProtocol["serializeRequest"]>
type Arguments = Parameters<SdkProtocol["deserializeResponse"]>

const contentType = "application/x-amz-cbor-1.1"

/** The endpoint does not speak CBOR. */
export class CborRefused extends Error {
  override readonly name = "CborRefused"
  constructor(answer: string) {
    super(`${answer}: this endpoint does not speak CBOR; set protocol: "json"`)
  }
}

/** It is in JSON always: Amazon's Java SDK writes it so too, and reads its events so. */
const inJson = "SubscribeToShard"

/** Kinesis' other protocol, which Amazon's Java SDK uses: the same calls in CBOR, with binary data as bytes. */
export const cborProtocol = (SdkProtocol: ProtocolClass, sharing: Sharing): Protocol =>
  class extends SdkProtocol {
    /** For subscriptions, and for endpoints that send errors in JSON. */
    readonly #json: SdkProtocol

    constructor(settings: any) {
      super({ ...settings, jsonCodec: kinesisCborCodec() })
      this.#json = new (jsonProtocol(SdkProtocol, sharing) as unknown as ProtocolClass)(settings)
    }

    override setSerdeContext(context: unknown): void {
      super.setSerdeContext(context)
      this.#json.setSerdeContext(context)
    }

    override async serializeRequest(...[operation, input, context]: SerializeArguments): Promise<any> {
      if (operation.name === inJson) return await this.#json.serializeRequest(operation, input, context)
      const request = await super.serializeRequest(operation, input, context)
      request.headers["content-type"] = contentType
      if (!(request.body instanceof Uint8Array)) request.body = emptyMap
      return request
    }

    override async deserializeResponse(...[operation, context, response]: Arguments): Promise<any> {
      if (operation.name === inJson) return await this.#json.deserializeResponse(operation, context, response)
      const answered = response.headers["content-type"] ?? ""
      const isRefusal = isError(response.statusCode)
      if (!answered.includes("cbor") && response.headers["content-length"] !== "0") {
        if (isRefusal) {
          return await this.#json.deserializeResponse(operation, context, response).catch((error) => {
            throw isUnreadable(error) && refusals.includes(response.statusCode)
              ? new CborRefused(`the answer has status ${response.statusCode} and is of type ${answered}`)
              : error
          })
        }
        const body = await ResponseBody.collect(response.body)
        if (body.length === 0) return await super.deserializeResponse(operation, context, { ...response, body })
        throw errorIn(body) ?? new CborRefused(`the answer is of type ${answered === "" ? "unknown" : answered}`)
      }
      if (operation.name !== "GetRecords" || isRefusal) {
        return await super.deserializeResponse(operation, context, response)
      }
      const place = SealedPage.placeOf(response)
      if (place === undefined) return await this.#decodeBySdk(operation, context, response)
      const decoder = RecordsCbor.decoder(sharing, place)
      await ResponseBody.receive(response.body, (piece) => decoder.push(piece))
      const page = decoder.page()
      return page === undefined
        ? await this.#decodeBySdk(operation, context, { ...response, body: decoder.bytes() })
        : SealedPage.seal(this.deserializeMetadata(response), page)
    }

    /** The SDK's decoder, which accepts every layout; an answer that turns out to be an error, or is empty, fails. */
    async #decodeBySdk(...[operation, context, response]: Arguments): Promise<unknown> {
      const body = await ResponseBody.collect(response.body)
      const error = errorIn(body)
      if (error !== undefined) throw error
      const output: Partial<GetRecordsCommandOutput> = await super.deserializeResponse(operation, context, {
        ...response,
        body
      })
      if (hasOnlyBytes(output.Records)) return output
      throw new CborRefused("the answer has a record whose Data are not bytes")
    }
  } as unknown as Protocol

const emptyMap = Uint8Array.of(0xa0)

const hasOnlyBytes = (records: ReadonlyArray<{ readonly Data?: unknown }> | undefined): boolean =>
  (records ?? []).every(({ Data }) => Data === undefined || Data instanceof Uint8Array)

/** The statuses with which endpoints refuse a request that they cannot read. Others, such as 429, have other reasons. */
const refusals = [400, 404, 406, 415]

/** The errors of endpoints for a request that they cannot read. */
const isUnreadable = ({ name }: { readonly name?: unknown }): boolean =>
  name === "SerializationException" || name === "UnknownOperationException" || name === "SyntaxError" ||
  name === "Unknown"
