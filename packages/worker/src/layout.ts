import { NAME, SeamError } from '@seamark/kit'
import { join } from 'node:path'

/** Folders of one namespace on the worker's disk. */
export interface NamespaceLayout {
  readonly dir: string
  readonly attempts: string
  readonly layers: string
  /** Workspaces of attempts that ended without a snapshot. */
  readonly kept: string
  /** Mirrors of repositories. */
  readonly mirrors: string
  readonly tmp: string
}

/** Folders of one attempt. Only `workspace`, `home`, `temp`, `inputs`, `egress`, `forwarder`, `children`, `services`, `serve` and `beside` are ever seen by it. */
export interface AttemptLayout {
  readonly dir: string
  readonly workspace: string
  readonly home: string
  readonly temp: string
  readonly inputs: string
  /** Where the gateway's socket and certificates are. */
  readonly egress: string
  /** The program inside that leads to the socket. */
  readonly forwarder: string
  /** Where the socket is over which its program adds items. */
  readonly children: string
  /** Where its services have their files, and their output is kept. */
  readonly services: string
  /** The program inside that starts them. */
  readonly serve: string
  /** The program that starts those of them that are containers. */
  readonly beside: string
  /** What that program shows by that it is the one that tells of them. */
  readonly servicesKey: string
  /** What a setup step made, on its way to the layers. */
  readonly layer: string
  /** Marks what was done, so that a restart knows. */
  readonly about: string
  /** There until its program was started: removing a file needs no space. */
  readonly unstarted: string
  readonly captured: string
  /** What its runtime gives its program of the version of its agent. */
  readonly agent: string
  /** The prompt of its agent, where that is a file of the base. */
  readonly prompt: string
  /** What was written to its standard input, and how far. */
  readonly written: string
}

const LAUNCH_ID = /^sm[a-z2-7]{32}$/

export function namespaceLayout(root: string, ns: string): NamespaceLayout {
  if (!NAME.test(ns))
    throw new SeamError('INVALID_INPUT', `${JSON.stringify(ns.slice(0, 80))} is not the name of a namespace.`)
  const dir = join(root, 'namespaces', ns)
  return {
    dir,
    attempts: join(dir, 'attempts'),
    layers: join(dir, 'layers'),
    kept: join(dir, 'kept'),
    mirrors: join(dir, 'repositories'),
    tmp: join(dir, 'tmp'),
  }
}

export function attemptLayout(root: string, ns: string, launchId: string): AttemptLayout {
  if (!LAUNCH_ID.test(launchId)) throw new SeamError('INVALID_INPUT', 'This is not a launch id.')
  const dir = join(namespaceLayout(root, ns).attempts, launchId)
  return {
    dir,
    workspace: join(dir, 'workspace'),
    home: join(dir, 'home'),
    temp: join(dir, 'temp'),
    inputs: join(dir, 'inputs'),
    egress: join(dir, 'egress'),
    forwarder: join(dir, 'forwarder'),
    children: join(dir, 'children'),
    services: join(dir, 'services'),
    serve: join(dir, 'serve'),
    beside: join(dir, 'beside'),
    servicesKey: join(dir, 'services.key'),
    layer: join(dir, 'layer'),
    about: join(dir, 'about.json'),
    unstarted: join(dir, 'unstarted'),
    captured: join(dir, 'captured'),
    agent: join(dir, 'agent.json'),
    prompt: join(dir, 'prompt'),
    written: join(dir, 'written'),
  }
}

/** Where an attempt sees its folders. */
export interface SeenLayout {
  readonly workspace: string
  readonly home: string
  readonly temp: string
  readonly inputs: string
}

/** Fixed paths in a sandbox; the real ones on a host. */
export function seenLayout(attempt: AttemptLayout, filesystem: 'private' | 'host'): SeenLayout {
  if (filesystem === 'host') return attempt
  return { workspace: '/workspace', home: '/home/agent', temp: '/tmp', inputs: '/inputs' }
}
