/** The directives of authentication: who has to prove who they are, and against what. */
import { list, one, optional } from '../declare/directive.ts'
import { host, oneOf, onOff, port, secret, text, whole, words } from '../declare/kinds.ts'

const inForce = 'authentication is not implemented yet'
const radiusToCome = 'authentication over RADIUS is not implemented yet'

export const authentication = {
  Authentication: one(onOff, 'Off', { help: 'Require users to authenticate.', changes: 'reload', inForce }),
  AuthRealm: one(text('realm'), 'CISCO', { help: 'The realm that a challenge names.', changes: 'reload', inForce }),
  AuthServer: one(oneOf(['Proxy', 'Radius']), 'Proxy', {
    help: 'Who verifies the credentials: sipd itself or a RADIUS server.',
    changes: 'reload',
    inForce,
  }),
  AuthScheme: one(oneOf(['HTTP_Digest', 'HTTP_Basic']), 'HTTP_Digest', {
    help: 'The authentication scheme. RFC 3261 §22 forbids Basic.',
    changes: 'reload',
    inForce,
  }),
  AuthDigestQop: one(oneOf(['auth', 'auth-int', 'both'], new Map([['none', 'auth']])), 'auth', {
    help: 'The quality of protection (qop) that a challenge offers; none is read as auth.',
    changes: 'reload',
    inForce,
  }),
  AuthDigestAlgorithm: one(oneOf(['MD5', 'MD5-sess']), 'MD5', {
    help: 'The digest algorithm.',
    changes: 'reload',
    inForce,
  }),
  AuthConsumeProxyAuth: one(onOff, 'On', {
    help: 'Remove Proxy-Authorization from forwarded requests.',
    changes: 'reload',
    inForce,
  }),
  AuthAllow3rdPartyRegistration: one(onOff, 'Off', {
    help: 'Let a user register contacts for another user.',
    changes: 'reload',
    inForce,
  }),
  AuthAllow3rdPartyInvite: one(onOff, 'On', {
    help: 'Let the user in From differ from the authenticated user.',
    changes: 'reload',
    inForce,
  }),
  RadiusAuthSkew: one(whole(1, 3600, 's'), '30', {
    help: 'How long a challenge stays valid.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  PrimaryRadiusAuthIp: optional(host, {
    help: 'The primary authentication server.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  PrimaryRadiusAuthPort: one(port, '1812', {
    help: 'The port of the primary authentication server (RFC 2865).',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  PrimaryRadiusAuthSecret: optional(secret, {
    help: 'The secret shared with this server.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  SecondaryRadiusAuthIp: optional(host, {
    help: 'The secondary authentication server.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  SecondaryRadiusAuthPort: one(port, '1812', {
    help: 'The port of the secondary authentication server.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  SecondaryRadiusAuthSecret: optional(secret, {
    help: 'The secret shared with this server.',
    changes: 'reload',
    inForce: radiusToCome,
  }),
  AuthIncludeSIPHeader: list(
    words('header name'),
    { help: 'SIP headers that are copied into a RADIUS request unchanged.', changes: 'reload', inForce: radiusToCome },
    50,
  ),
} as const
