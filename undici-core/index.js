'use strict';

const Agent = require('undici-full/lib/dispatcher/agent.js');
const Dispatcher = require('undici-full/lib/dispatcher/dispatcher.js');
const EnvHttpProxyAgent = require('undici-full/lib/dispatcher/env-http-proxy-agent.js');
const ProxyAgent = require('undici-full/lib/dispatcher/proxy-agent.js');
const methods = require('undici-full/lib/api/index.js');

// As undici's own entry does: `request`, and `connect`, which a proxy's tunnel needs.
Object.assign(Dispatcher.prototype, methods);

module.exports.Agent = Agent;
module.exports.Dispatcher = Dispatcher;
module.exports.EnvHttpProxyAgent = EnvHttpProxyAgent;
module.exports.ProxyAgent = ProxyAgent;
