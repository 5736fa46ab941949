import type { GetRecordsCommandOutput } from "@aws-sdk/client-kinesis"
import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { PageDecoder } from "./pageDecoder.js"

/** What the protocols here give the SDK as GetRecords' output: a page, once it is known whose it is. */
export class ReceivedRecords {
  constructor(
    readonly $metadata: GetRecordsCommandOutput["$metadata"],
    readonly decoder: PageDecoder,
    /** The SDK's decoder, which takes all. */
    readonly decodeBySdk: () => Promise<GetRecordsCommandOutput>
  ) {}

  /** Undefined for an answer that is not laid out as AWS does it: that is for {@link decodeBySdk}. */
  page(stream: string, shardId: string): GetRecordsResponse | undefined {
    return this.decoder.page(stream, shardId)
  }
}
