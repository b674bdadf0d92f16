/** The directives of authentication: who has to prove who they are, and against what. */
import { list, one, optional } from '../declare/directive.ts'
import { host, oneOf, onOff, port, secret, text, whole, words } from '../declare/kinds.ts'

const inForce = 'authentication is to come'
const radiusToCome = 'authentication over RADIUS is to come'

export const authentication = {
  Authentication: one(onOff, 'Off', { help: 'Want users to prove who they are.', changes: 'reload', inForce }),
  AuthRealm: one(text('realm'), 'CISCO', { help: 'The realm of a challenge.', changes: 'reload', inForce }),
  AuthServer: one(oneOf(['Proxy', 'Radius']), 'Proxy', { help: 'Who checks the answer.', changes: 'reload', inForce }),
  AuthScheme: one(oneOf(['HTTP_Digest', 'HTTP_Basic']), 'HTTP_Digest', {
    help: 'How users answer. RFC 3261 §22 forbids Basic.',
    changes: 'reload',
    inForce,
  }),
  AuthDigestQop: one(oneOf(['auth', 'auth-int', 'both'], new Map([['none', 'auth']])), 'auth', {
    help: 'What an answer protects; none is read as auth.',
    changes: 'reload',
    inForce,
  }),
  AuthDigestAlgorithm: one(oneOf(['MD5', 'MD5-sess']), 'MD5', {
    help: 'The algorithm of it.',
    changes: 'reload',
    inForce,
  }),
  AuthConsumeProxyAuth: one(onOff, 'On', {
    help: 'Take Proxy-Authorization out of what is forwarded.',
    changes: 'reload',
    inForce,
  }),
  AuthAllow3rdPartyRegistration: one(onOff, 'Off', {
    help: 'Let a user register for another.',
    changes: 'reload',
    inForce,
  }),
  AuthAllow3rdPartyInvite: one(onOff, 'On', {
    help: 'Let the user of From differ from the one who proved who they are.',
    changes: 'reload',
    inForce,
  }),
  RadiusAuthSkew: one(whole(1, 3600, 's'), '30', {
    help: 'How long a challenge is good.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  PrimaryRadiusAuthIp: optional(host, { help: 'The primary server.', changes: 'reload', inForce: radiusToCome }),
  PrimaryRadiusAuthPort: one(port, '1812', { help: 'Its port (RFC 2865).', changes: 'reload', inForce: radiusToCome }),
  PrimaryRadiusAuthSecret: optional(secret, {
    help: 'The secret shared with it.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  SecondaryRadiusAuthIp: optional(host, { help: 'The secondary server.', changes: 'reload', inForce: radiusToCome }),
  SecondaryRadiusAuthPort: one(port, '1812', { help: 'Its port.', changes: 'reload', inForce: radiusToCome }),
  SecondaryRadiusAuthSecret: optional(secret, {
    help: 'The secret shared with it.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  AuthIncludeSIPHeader: list(
    words('header name'),
    { help: 'Headers that a request to RADIUS holds as they came.', changes: 'reload', inForce: radiusToCome },
    50,
  ),
} as const
