import type { LockSpec } from '@seamark/core'

/**
 * `tree`: the node and everything below. `self`: the node alone. `intent`: something below is locked.
 * Tree excludes all; self excludes self; everything else goes together. (Gray, Lorie, Putzolu and
 * Traiger 1976, "Granularity of Locks in a Shared Data Base", with one exclusive mode per shape.)
 */
type Mode = 'tree' | 'self' | 'intent'

interface Node {
  readonly parent: Node | undefined
  readonly name: string
  readonly children: Map<string, Node>
  tree: Request | undefined
  self: Request | undefined
  readonly intents: Set<Request>
  readonly waiting: { readonly tree: Line; readonly self: Line; readonly intent: Line }
}

interface Claim {
  readonly node: Node
  readonly mode: Mode
  readonly lock: LockSpec
  granted: boolean
}

interface Request {
  readonly owner: string
  readonly ticket: number
  readonly claims: Claim[]
  pending: number
  live: boolean
}

/** A first-in-first-out line whose dead members are passed over. */
interface Line {
  first(): Request | undefined
  push(request: Request): void
  shift(): void
}

function line(): Line {
  let queue: Request[] = []
  let head = 0
  return {
    first() {
      while (head < queue.length && queue[head]?.live === false) head++
      if (head > 64 && head * 2 > queue.length) {
        queue = queue.slice(head)
        head = 0
      }
      return queue[head]
    },
    push: (request) => void queue.push(request),
    shift: () => void head++,
  }
}

export interface LockTable {
  /**
   * Gets in line for all locks at once. Tickets ascend over calls. A request is granted as soon as no
   * live request with a smaller ticket overlaps it, so lines are fair and can not deadlock.
   * Returns the owners that are granted by this, that is `[owner]` or `[]`.
   */
  request(owner: string, ticket: number, scope: string, locks: readonly LockSpec[]): readonly string[]
  /** Leaves the lines or gives the locks back. Returns the owners that are granted by this, in order of their tickets. */
  release(owner: string): readonly string[]
  /** Why an owner is not granted, and who is before it. */
  blocker(owner: string): { readonly lock: LockSpec; readonly heldBy?: string } | undefined
  has(owner: string): boolean
}

/** The lock as people write it. */
export function lockText(lock: LockSpec): string {
  if (lock.type === 'name') return `name:${lock.name}`
  if (lock.type === 'path') return lock.path
  return lock.path === '' ? '**' : `${lock.path}/**`
}

/** Path and named locks with exact overlap; cost of a call is O(depth of its paths) amortised. */
export function lockTable(): LockTable {
  const root: Node = node(undefined, '')
  const requests = new Map<string, Request>()

  function grant(at: Node, request: Request, granted: Set<Request>): void {
    for (const claim of request.claims) {
      if (claim.node !== at || claim.granted) continue
      claim.granted = true
      if (claim.mode === 'tree') at.tree = request
      else if (claim.mode === 'self') at.self = request
      else at.intents.add(request)
      if (--request.pending === 0) granted.add(request)
    }
  }

  // A waiting intent or self earlier than the first waiting tree is granted before that tree can be,
  // so each line need only be looked at from its head.
  function advance(at: Node, granted: Set<Request>): void {
    if (at.tree !== undefined) return
    const limit = at.waiting.tree.first()?.ticket ?? Infinity
    const self = at.waiting.self.first()
    if (self !== undefined && at.self === undefined && self.ticket < limit) {
      at.waiting.self.shift()
      grant(at, self, granted)
    }
    for (
      let next = at.waiting.intent.first();
      next !== undefined && next.ticket < limit;
      next = at.waiting.intent.first()
    ) {
      at.waiting.intent.shift()
      grant(at, next, granted)
    }
    const tree = at.waiting.tree.first()
    if (tree === undefined || at.self !== undefined || at.intents.size > 0) return
    at.waiting.tree.shift()
    grant(at, tree, granted)
  }

  function prune(at: Node): void {
    for (let here: Node | undefined = at; here?.parent !== undefined; here = here.parent) {
      const { tree, self, intent } = here.waiting
      const used = here.tree ?? here.self ?? tree.first() ?? self.first() ?? intent.first()
      if (used !== undefined || here.children.size > 0 || here.intents.size > 0) return
      here.parent.children.delete(here.name)
    }
  }

  return {
    has: (owner) => requests.has(owner),
    request(owner, ticket, scope, locks) {
      const request: Request = { owner, ticket, claims: claimsOf(root, scope, locks), pending: 0, live: true }
      request.pending = request.claims.length
      requests.set(owner, request)
      const granted = new Set<Request>()
      if (request.pending === 0) granted.add(request)
      for (const claim of request.claims) {
        claim.node.waiting[claim.mode].push(request)
        advance(claim.node, granted)
      }
      return owners(granted)
    },
    release(owner) {
      const request = requests.get(owner)
      if (request === undefined) return []
      requests.delete(owner)
      request.live = false
      const granted = new Set<Request>()
      for (const { node: at } of request.claims) {
        if (at.tree === request) at.tree = undefined
        if (at.self === request) at.self = undefined
        at.intents.delete(request)
      }
      for (const { node: at } of request.claims) advance(at, granted)
      for (const { node: at } of request.claims) prune(at)
      return owners(granted)
    },
    blocker(owner) {
      const claim = requests.get(owner)?.claims.find((candidate) => !candidate.granted)
      if (claim === undefined) return undefined
      const { tree, self, intents } = claim.node
      const [intent] = intents
      const held = tree ?? (claim.mode === 'intent' ? undefined : (self ?? intent))
      return { lock: claim.lock, ...(held !== undefined && { heldBy: held.owner }) }
    },
  }
}

function owners(granted: ReadonlySet<Request>): readonly string[] {
  return [...granted].sort((a, b) => a.ticket - b.ticket).map((request) => request.owner)
}

function node(parent: Node | undefined, name: string): Node {
  return {
    parent,
    name,
    children: new Map(),
    tree: undefined,
    self: undefined,
    intents: new Set(),
    waiting: { tree: line(), self: line(), intent: line() },
  }
}

/** One claim per node: the item's own locks never exclude each other. */
function claimsOf(root: Node, scope: string, locks: readonly LockSpec[]): Claim[] {
  const claims = new Map<Node, Claim>()
  for (const lock of locks) {
    const path =
      lock.type === 'name' ? ['name', lock.name] : ['path', scope, ...(lock.path === '' ? [] : lock.path.split('/'))]
    let at = root
    for (const [depth, name] of path.entries()) {
      let child = at.children.get(name)
      if (child === undefined) at.children.set(name, (child = node(at, name)))
      at = child
      // The levels above a repository or a named lock are shared by all and never locked themselves.
      if (depth < 1) continue
      const mode = depth < path.length - 1 ? 'intent' : lock.type === 'tree' ? 'tree' : 'self'
      const before = claims.get(at)?.mode
      const joined = before === undefined || before === mode ? mode : 'tree'
      claims.set(at, { node: at, mode: joined, lock, granted: false })
    }
  }
  return [...claims.values()]
}
