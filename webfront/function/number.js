// number is the viewer's, 0 to 9999: what its cookie says, else one of the request's id, which the
// request and its response share.
function number(event) {
  const cookie = event.request.cookies[config.move.cookie];
  if (isNumber(cookie)) {
    return Number(cookie.value);
  }
  const digest = crypto.createHash('sha256').update(event.context.requestId).digest('hex');
  return parseInt(digest.slice(0, 12), 16) % 10000;
}

function isNumber(cookie) {
  return cookie !== undefined && /^[0-9]{1,4}$/.test(cookie.value);
}
