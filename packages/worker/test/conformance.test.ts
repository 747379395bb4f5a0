import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { workspacesSuite } from '@seamark/conformance/workspaces'
import { describe, it } from 'vitest'
import { empty, git } from './workspaces-subject.ts'

describe('git', () => {
  registerSuite(workspacesSuite, git, { describe, it })
  registerSaboteurs(workspacesSuite, git, { describe, it })
  registerSuite(underTraits(workspacesSuite, git, ['detached', 'reopened', 'aborted-before']), git, { describe, it })
})
describe('empty', () => {
  registerSuite(workspacesSuite, empty, { describe, it })
  registerSuite(underTraits(workspacesSuite, empty), empty, { describe, it })
})
