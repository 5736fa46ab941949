import type { KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { errorIn, isError } from "./answers.js"
import type { Sharing } from "./recordMemory.js"
import * as RecordsJson from "./recordsJson.js"
import * as ResponseBody from "./responseBody.js"
import type { ProtocolClass, SdkProtocol } from "./sdkHooks.js"
import * as SealedBody from "./sealedBody.js"
import * as SealedPage from "./sealedPage.js"

/** A protocol class, as the SDK takes it. */
export type Protocol = NonNullable<KinesisClientConfig["protocol"]>

type Arguments = Parameters<SdkProtocol["deserializeResponse"]>

/** The SDK's protocol of Kinesis, with a decoder of our own for GetRecords, and without one for the body of a subscription. */
export const jsonProtocol = (SdkProtocol: ProtocolClass, sharing: Sharing): Protocol =>
  class extends SdkProtocol {
    override async deserializeResponse(...[operation, context, response]: Arguments): Promise<any> {
      if (SealedBody.isClaimed(response) && !isError(response.statusCode)) {
        return SealedBody.seal(this.deserializeMetadata(response), response)
      }
      if (operation.name !== "GetRecords" || isError(response.statusCode)) {
        return await super.deserializeResponse(operation, context, response)
      }
      const place = SealedPage.placeOf(response)
      if (place === undefined) return await this.#decodeBySdk(operation, context, response)
      const decoder = RecordsJson.decoder(sharing, place)
      await ResponseBody.receive(response.body, (piece) => decoder.push(piece))
      const page = decoder.page()
      return page === undefined
        ? await this.#decodeBySdk(operation, context, { ...response, body: decoder.bytes() })
        : SealedPage.seal(this.deserializeMetadata(response), page)
    }

    /** The SDK's decoder, which accepts every layout; an answer that turns out to be an error fails as one. */
    async #decodeBySdk(...[operation, context, response]: Arguments): Promise<unknown> {
      const body = await ResponseBody.collect(response.body)
      const error = errorIn(body)
      if (error !== undefined) throw error
      return await super.deserializeResponse(operation, context, { ...response, body })
    }
  } as unknown as Protocol
