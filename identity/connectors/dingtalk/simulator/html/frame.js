// Tells the page around this frame where the browser shall go, as DingTalk's page does.
// https://g.alicdn.com/dingding/h5-dingtalk-login/0.21.0/ddlogin.js listens for this.

const told = document.querySelector("[data-around]");
const { around, redirectUrl, errorMsg } = told.dataset;
const message = redirectUrl
  ? { success: true, redirectUrl }
  : { success: false, errorMsg };

// Twice, because a page that listens must not mind.
for (let time = 0; time < 2; time += 1) parent.postMessage(message, around);
