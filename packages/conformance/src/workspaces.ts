/**
 * The conformance suite of `Workspaces`. It needs git, which takes what a workspace gives.
 *
 * @module
 */
import type { Workspaces } from '@seamark/core'
import type { Suite } from './suite.ts'
import { workspacesCases } from './workspaces-cases.ts'
import { workspacesSaboteurs } from './workspaces-saboteurs.ts'

export type { WorkspacesSubject } from './workspaces-subject.ts'

/** Every behaviour of workspaces. Subjects are `WorkspacesSubject`s. */
export const workspacesSuite: Suite<Workspaces> = {
  spec: 'workspaces/v1',
  cases: workspacesCases,
  saboteurs: workspacesSaboteurs,
}
