/** The same samples in every mutation run, so that its score is always the same; what fails need not be made small. */
import { FastCheck } from "effect"

FastCheck.configureGlobal({ seed: 20_261_123, endOnFailure: true })
