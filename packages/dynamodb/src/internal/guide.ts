/** The guide to the lease table, for messages. */
export const url = "https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/leases-table.md"
