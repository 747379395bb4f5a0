import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { runtimeSuite } from '@seamark/conformance/runtime'
import { describe, it } from 'vitest'
import { command } from '../src/index.ts'

const subject = async () => ({ seam: command(), dispose: async () => undefined })

registerSuite(runtimeSuite, subject, { describe, it })
registerSaboteurs(runtimeSuite, subject, { describe, it })
registerSuite(underTraits(runtimeSuite, subject), subject, { describe, it })
