import { registerSuite, underTraits } from '@seamark/conformance'
import { workspacesSuite } from '@seamark/conformance/workspaces'
import { describe, it } from 'vitest'
import { git } from './workspaces-subject.ts'

// Eight repositories for each case take minutes of git.
describe('git', () => registerSuite(underTraits(workspacesSuite, git, ['at-once']), git, { describe, it }))
