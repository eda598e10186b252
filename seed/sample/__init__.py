"""The sample inventory: Shuangluan district, with invented units, people, resources and needs."""
