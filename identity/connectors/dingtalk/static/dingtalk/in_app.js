// Asks DingTalk's client for a code, and sends it to us by a form.
// https://open.dingtalk.com/document/development/jsapi-request-auth-code

const form = document.getElementById("in-app");
const leave = () => location.replace(form.closest("[data-way]").dataset.way);

function send({ code }) {
  form.elements.code.value = code;
  form.submit();
}

// Outside of DingTalk, and of a version that is too old, the promise is broken at once.
dd.requestAuthCode({
  corpId: form.elements.corpId.value,
  clientId: form.dataset.clientId,
}).then(send).catch(leave);
