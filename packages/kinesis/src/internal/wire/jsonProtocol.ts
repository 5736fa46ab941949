import type { KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols"
import { errorIn } from "./answers.js"
import { ReceivedRecords } from "./receivedRecords.js"
import type { Sharing } from "./recordMemory.js"
import * as RecordsJson from "./recordsJson.js"
import * as ResponseBody from "./responseBody.js"

/** A class of the SDK's protocols, which the SDK makes an instance of. */
export type Protocol = NonNullable<KinesisClientConfig["protocol"]>

type Arguments = Parameters<AwsJson1_1Protocol["deserializeResponse"]>

/** The SDK's protocol of Kinesis, with a decoder of our own for GetRecords. */
export const jsonProtocol = (sharing: Sharing): Protocol =>
  class extends AwsJson1_1Protocol {
    override async deserializeResponse(...[operation, context, response]: Arguments): Promise<any> {
      if (operation.name !== "GetRecords" || this.isErrorResponse(response.statusCode)) {
        return await super.deserializeResponse(operation, context, response)
      }
      const decoder = RecordsJson.decoder(sharing)
      await ResponseBody.receive(response.body, (piece) => decoder.push(piece))
      const decodeBySdk = async () => {
        const body = decoder.bytes()
        const error = errorIn(body)
        if (error !== undefined) throw error
        return await super.deserializeResponse<any>(operation, context, { ...response, body })
      }
      return new ReceivedRecords(this.deserializeMetadata(response), decoder, decodeBySdk)
    }
  }
