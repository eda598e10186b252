"use strict";

const welcome = `# 认领 renling —— 社区与驻区单位资源双向认领
# 在左下角 Headers 中填入令牌即可登录 (sign in under Headers):
#   { "Authorization": "Bearer ..." }

query OpenOffers {
  offers(first: 5) {
    totalCount
    nodes {
      title
      state
      category { name }
      provider { id name }
    }
  }
}
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
    defaultQuery: welcome,
    shouldPersistHeaders: false,
  }),
);
