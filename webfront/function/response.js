// For each response: the viewer keeps its number.
function handler(event) {
  const response = event.response;
  if (!isNumber(event.request.cookies[config.move.cookie])) {
    response.cookies[config.move.cookie] = {
      value: String(number(event)),
      attributes: 'Path=/; Max-Age=' + config.move.age + '; Secure; HttpOnly; SameSite=Lax',
    };
  }
  return response;
}
