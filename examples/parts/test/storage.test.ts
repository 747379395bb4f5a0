import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { storageSuite } from '@seamark/conformance/storage'
import { describe, it } from 'vitest'
import { subject } from '../src/storage/subject.ts'

registerSuite(storageSuite, subject, { describe, it })
registerSaboteurs(storageSuite, subject, { describe, it })
registerSuite(underTraits(storageSuite, subject), subject, { describe, it })
