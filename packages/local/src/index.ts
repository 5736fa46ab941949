/** @since 0.1.0 */
export * as LocalKinesis from "./LocalKinesis.js"
/** @since 0.1.0 */
export * as LocalLeaseStore from "./LocalLeaseStore.js"
